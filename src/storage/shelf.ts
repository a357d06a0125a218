/**
 * The fragments that this node keeps for others, and every way in which they change: put, renewed, dropped. What somebody was promised
 * is not taken back by what somebody else asks for.
 * Absent on purpose: messages, and who may ask for what (holder.ts).
 */
import { equal, type Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import type { FragmentStore, HeldFragment, HeldStripe, Lease, StoredFragment } from '../ports/fragmentStore.ts'
import type { Admission } from './admission.ts'
import { StripeTurns } from './stripeTurns.ts'

export class Shelf {
  private readonly fragments: FragmentStore
  private readonly admission: Pick<Admission, 'onDropped'>
  private readonly turns = new StripeTurns()

  /** `admission` is told of what goes. */
  constructor(fragments: FragmentStore, admission: Pick<Admission, 'onDropped'>) {
    this.fragments = fragments
    this.admission = admission
  }

  get usedBytes(): number {
    return this.fragments.usage().bytes
  }

  get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    return this.fragments.get(stripe, index)
  }

  held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.fragments.held(stripe)
  }

  list(options: { readonly after?: StripeId; readonly limit: number }): Promise<readonly HeldStripe[]> {
    return this.fragments.list(options)
  }

  /**
   * Keeps fragments of one stripe; durable once it settles. Says by how many bytes that are the asker's it has grown: what was held
   * already stays whose it was. Rejects as the store's `put` does.
   */
  keep(stripe: StripeId, fragments: readonly StoredFragment[], asked: Lease): Promise<number> {
    return this.turns.take(stripe, async () => {
      const held = await this.fragments.held(stripe)
      const leases = new Map(held?.fragments.map(({ index, lease }) => [index, lease]))
      const fresh = fragments.filter(({ index }) => !leases.has(index))
      const again = fragments.flatMap((fragment) => {
        const before = leases.get(fragment.index)
        // The bytes too: those on the disk may have rotted.
        return before === undefined ? [] : [this.fragments.put([fragment], jointLease(before, asked))]
      })
      if (fresh.length > 0) again.push(this.fragments.put(fresh, asked))
      await Promise.all(again)
      return bytesOf(fresh)
    })
  }

  /** Extends the leases of what is held of the stripe, and says when the first of them ends; undefined when none is held. */
  renew(stripe: StripeId, expiresMs: number): Promise<number | undefined> {
    return this.turns.take(stripe, async () => {
      if (!(await this.fragments.renew(stripe, expiresMs))) return undefined
      const held = await this.fragments.held(stripe)
      return held && earliestExpiryMs(held.fragments)
    })
  }

  /** Deletes the fragments of a stripe that are unwanted, as they are when nothing else changes it, and returns what it knew of them. */
  drop(
    stripe: StripeId,
    isUnwanted: (fragment: HeldFragment) => boolean | Promise<boolean>,
  ): Promise<readonly HeldFragment[]> {
    return this.turns.take(stripe, async () => {
      const dropped: HeldFragment[] = []
      for (const fragment of (await this.fragments.held(stripe))?.fragments ?? []) {
        if (await isUnwanted(fragment)) dropped.push(fragment)
      }
      const drop = async ({ index, lease, bytes }: HeldFragment): Promise<void> => {
        await this.fragments.delete(stripe, index)
        this.admission.onDropped(lease.sender, stripe, bytes)
      }
      await Promise.all(dropped.map(drop))
      return dropped
    })
  }
}

/** Data and proofs of these fragments. */
export function bytesOf(fragments: readonly Pick<StoredFragment, 'data' | 'proof'>[]): number {
  return fragments.reduce((sum, { data, proof }) => sum + data.length + proof.length, 0)
}

/** When the first of these leases ends. */
export function earliestExpiryMs(fragments: readonly HeldFragment[]): number {
  return fragments.reduce((earliest, { lease }) => Math.min(earliest, lease.expiresMs), Number.MAX_SAFE_INTEGER)
}

/** The owner that most of these fragments have, of two the one met first; undefined may be it. */
export function commonestOwner(fragments: readonly HeldFragment[]): Bytes | undefined {
  const groups: { readonly owner: Bytes | undefined; count: number }[] = []
  for (const { lease } of fragments) {
    const group = groups.find(({ owner }) => isSameOwner(owner, lease.owner))
    if (group === undefined) groups.push({ owner: lease.owner, count: 1 })
    else group.count++
  }
  return groups.sort((a, b) => b.count - a.count)[0]?.owner
}

/**
 * The lease of a fragment that is held under one and asked for under another. The later end holds. An owner's word ends it early only
 * while nobody else relies on it: else whoever can read an object could put it again as his own, and release it.
 */
function jointLease(before: Lease, asked: Lease): Lease {
  return {
    expiresMs: Math.max(before.expiresMs, asked.expiresMs),
    sender: before.sender,
    owner: isSameOwner(before.owner, asked.owner) ? before.owner : undefined,
  }
}

function isSameOwner(a: Bytes | undefined, b: Bytes | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b)
}
