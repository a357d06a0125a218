/**
 * One change of a stripe at a time: whoever looks at leases or bytes before deleting must not cross a put or a renewal that is being
 * acknowledged meanwhile.
 */
import type { StripeId } from '../base/id.ts'

export class StripeTurns {
  private readonly last = new Map<StripeId, Promise<void>>()

  /** Runs `work` once all that was begun for this stripe before has settled, however it did. Settles as `work` does. */
  async take<T>(stripe: StripeId, work: () => Promise<T>): Promise<T> {
    const turn = this.last.get(stripe)?.then(work) ?? work()
    const settled = turn.then(nothing, nothing)
    this.last.set(stripe, settled)
    try {
      return await turn
    } finally {
      if (this.last.get(stripe) === settled) this.last.delete(stripe)
    }
  }
}

function nothing(): void {
  // Whoever waits for a turn cares that it is over, not how it ended.
}
