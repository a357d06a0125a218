/** A walk over all that a node keeps, page by page and never in a hurry: counting, sweeping and scrubbing are done on the way. */
import type { StripeId } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import type { FragmentStore, HeldStripe } from '../ports/fragmentStore.ts'
import { WALK_PAGE_STRIPES } from './limits.ts'

export interface WalkOptions {
  /** Between two pages. */
  readonly pauseMs: number
  /** The walk begins above this stripe; with the first when absent. */
  readonly after?: StripeId
  readonly signal: AbortSignal
}

/**
 * Pages of at least one stripe, ascending. What is put or deleted on the way is seen where the walk has not been yet. Fails as the
 * store does and as `signal` says.
 */
export async function* heldPages(
  { clock, shelf }: { readonly clock: Clock; readonly shelf: Pick<FragmentStore, 'list'> },
  { pauseMs, after, signal }: WalkOptions,
): AsyncGenerator<readonly HeldStripe[]> {
  const limit = WALK_PAGE_STRIPES
  let last = after
  for (;;) {
    const page = await shelf.list(last === undefined ? { limit } : { after: last, limit })
    if (page.length > 0) yield page
    last = page.at(-1)?.stripe
    if (last === undefined || page.length < limit) return
    await clock.sleep(pauseMs, signal)
  }
}
