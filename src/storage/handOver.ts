/**
 * Leaving for good: what this node keeps goes to other nodes of the same regions before it ends, each fragment with its lease, so that
 * nobody has to miss and rebuild it.
 */
import { isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import type { FragmentStore, HeldStripe, StoredFragment } from '../ports/fragmentStore.ts'
import { heldPages } from './heldPages.ts'
import { HAND_OVERS_PARALLEL } from './limits.ts'
import { placeStripe, type PlaceDeps } from './placeStripe.ts'

export interface HandOverDeps extends PlaceDeps {
  readonly fragments: Pick<FragmentStore, 'list' | 'get'>
}

export interface HandedOver {
  /** Fragments that others keep now, and those that nobody would take: they have to be rebuilt when this node is gone. */
  readonly fragments: number
  readonly left: number
}

export interface HandOverOptions {
  readonly signal: AbortSignal
  readonly onProgress?: (soFar: HandedOver) => void
}

/** Deletes nothing: this node goes on answering until it ends. Fails as the store does, and as `signal` says. */
export async function handOver(deps: HandOverDeps, { signal, onProgress }: HandOverOptions): Promise<HandedOver> {
  const parallel = new Semaphore(HAND_OVERS_PARALLEL)
  const soFar = { fragments: 0, left: 0 }
  const underWay = new Set<Promise<void>>()
  const { clock, fragments: shelf } = deps
  for await (const page of heldPages({ clock, shelf }, { pauseMs: 0, signal })) {
    for (const held of page) {
      const release = await parallel.acquire(1, signal)
      const handing = handStripe(deps, held, signal)
        .then((count) => {
          soFar.fragments += count
          soFar.left += held.fragments.length - count
          onProgress?.({ ...soFar })
        })
        .finally(() => {
          release()
          underWay.delete(handing)
        })
      // A failure is met again below.
      handing.catch(() => undefined)
      underWay.add(handing)
    }
  }
  await Promise.all(underWay)
  return { ...soFar }
}

/** How many of the fragments others have taken. */
async function handStripe(deps: HandOverDeps, held: HeldStripe, signal: AbortSignal): Promise<number> {
  const found: StoredFragment[] = []
  for (const { index } of held.fragments) {
    const fragment = await deps.fragments.get(held.stripe, index)
    if (fragment !== undefined) found.push(fragment)
  }
  const [first] = held.fragments
  if (first === undefined || found.length === 0) return 0
  let taken = 0
  const { expiresMs, owner } = first.lease
  try {
    await placeStripe(deps, partOf(held.stripe, held, found), {
      signal,
      leaseMs: Math.max(0, expiresMs - deps.clock.now()),
      owner,
      kept: othersOf(held, found),
      except: new Set([deps.network.self.id]),
      onStored: ({ length }) => {
        taken += length
      },
    })
  } catch (error) {
    // What nobody takes is rebuilt by those who look after it.
    if (signal.aborted || !isFailure(error)) throw error
  }
  return taken
}

/** The stripe as far as it is at hand: only these fragments are placed. */
function partOf(id: StripeId, { header }: HeldStripe, found: readonly StoredFragment[]): EncodedStripe {
  const fragments: StoredFragment['data'][] = []
  const proofs: StoredFragment['proof'][] = []
  for (const { index, data, proof } of found) {
    fragments[index] = data
    proofs[index] = proof
  }
  return { id, header, fragments, proofs }
}

/** Every fragment but those at hand is somebody else's. */
function othersOf({ header }: HeldStripe, found: readonly StoredFragment[]): ReadonlyMap<number, undefined> {
  const own = new Set(found.map(({ index }) => index))
  const indices = Array.from({ length: header.total }, (_, index) => index)
  return new Map(indices.filter((index) => !own.has(index)).map((index) => [index, undefined]))
}
