/** A checker: no event takes the world back in time. One checker serves one world. */
import { assert } from '../../base/assert.ts'
import type { Checker } from '../world.ts'

/** What the checker looks at; every world has it. */
interface Timed {
  readonly clock: { now(): number }
}

export function timeMovesForward(): Checker<Timed> {
  let lastMs = 0
  return ({ clock }) => {
    const nowMs = clock.now()
    assert(nowMs >= lastMs, `time went back from ${lastMs} to ${nowMs}`)
    lastMs = nowMs
  }
}
