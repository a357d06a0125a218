/** A Coder for worlds in which nothing is coded: asking it is a bug. */
import { AssertionFailed } from '../base/assert.ts'
import type { Coder } from '../ports/coder.ts'

export const inertCoder: Coder = {
  encode: refuse,
  decode: refuse,
  rebuild: refuse,
  agreeing: refuse,
}

function refuse(): Promise<never> {
  return Promise.reject(new AssertionFailed('nothing is coded in this world'))
}
