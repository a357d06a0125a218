/** Turns of one stripe follow one another whatever becomes of them, and those of different stripes do not wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StripeId } from '../base/id.ts'
import { deferred } from '../base/signals.ts'
import { StripeTurns } from './stripeTurns.ts'

const [one, two] = ['1', '2'].map((digit) => digit.repeat(64)) as [StripeId, StripeId]

test('a turn begins when the one before it is over, also when that has failed', async () => {
  const turns = new StripeTurns()
  const log: string[] = []
  const first = deferred<number>()
  const failed = turns.take(one, () => {
    log.push('first')
    return first.promise
  })
  const second = turns.take(one, async () => log.push('second'))
  await turns.take(two, async () => log.push('other'))
  assert.deepEqual(log, ['first', 'other'])
  first.reject(new Error('no'))
  await assert.rejects(failed, /no/)
  assert.equal(await second, 3)
  assert.equal(await turns.take(one, async () => 7), 7)
})
