/** A checker: what is going to happen does not pile up, as it would when timers are set and never cancelled. */
import { assert } from '../../base/assert.ts'
import type { Checker } from '../world.ts'

/** What the checker looks at; every world has it. */
interface Planned {
  readonly clock: { readonly pendingCount: number }
}

export function eventsStayBounded(countMax: number): Checker<Planned> {
  return ({ clock }) => {
    assert(clock.pendingCount <= countMax, `${clock.pendingCount} events are pending, more than ${countMax}`)
  }
}
