/** Rebuilding fragments of one stripe that are gone: any `needed` of those left are read, and what is missing is made again and placed. */
import type { Bytes } from '../base/bytes.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { placeStripe, type PlaceDeps } from './placeStripe.ts'
import { gatherStripe, type ReadDeps } from './readStripe.ts'

export interface RepairOptions {
  /** Who keeps what is not gone. */
  readonly kept: ReadonlyMap<number, Contact | undefined>
  /** Who gets nothing. */
  readonly except: ReadonlySet<NodeId>
  readonly lease: { readonly expiresMs: number; readonly owner: Bytes | undefined }
  readonly signal: AbortSignal
}

export interface Repaired {
  readonly fragments: number
  readonly bytes: number
}

/** Needs neither key nor owner. Fails as readStripe and placeStripe do; what was placed by then stays. */
export async function repairStripe(
  deps: ReadDeps & PlaceDeps,
  stripe: StripeId,
  { kept, except, lease, signal }: RepairOptions,
): Promise<Repaired> {
  const rebuilt = await deps.coder.rebuild(await gatherStripe(deps, stripe, signal))
  let fragments = 0
  const leaseMs = Math.max(0, lease.expiresMs - deps.clock.now())
  await placeStripe(deps, rebuilt, {
    signal,
    leaseMs,
    owner: lease.owner,
    kept,
    except,
    onStored: ({ length }) => {
      fragments += length
    },
  })
  return { fragments, bytes: fragments * (rebuilt.fragments[0]?.length ?? 0) }
}
