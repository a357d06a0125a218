/**
 * The fragments that this node keeps for others, and every way in which they change: put, renewed, dropped. What somebody was promised
 * is not taken back by what somebody else asks for.
 * Absent on purpose: messages, and who may ask for what (holder.ts).
 */
import { equal, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { verifyFragment } from '../coding/stripe.ts'
import type { FragmentStore, HeldFragment, HeldStripe, Lease, StoredFragment } from '../ports/fragmentStore.ts'
import type { Primitives } from '../ports/primitives.ts'
import { StripeTurns } from './stripeTurns.ts'

export interface ShelfDeps {
  readonly fragments: FragmentStore
  readonly primitives: Primitives
}

export class Shelf {
  private readonly fragments: FragmentStore
  private readonly primitives: Primitives
  private readonly turns = new StripeTurns()
  private droppedDamaged = 0

  constructor({ fragments, primitives }: ShelfDeps) {
    this.fragments = fragments
    this.primitives = primitives
  }

  /** Fragments dropped so far because the disk gave back other bytes than were put. */
  get damagedCount(): number {
    return this.droppedDamaged
  }

  get usedBytes(): number {
    return this.fragments.usage().bytes
  }

  /**
   * Undefined when it is not held, and when it no longer proves itself. Such a one is dropped, so that nobody counts on it and whoever looks
   * after the stripe rebuilds it.
   */
  async get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    const fragment = await this.fragments.get(stripe, index)
    if (fragment === undefined || this.isSound(fragment)) return fragment
    await this.dropDamaged(stripe, index).catch(passWeather)
    return undefined
  }

  held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.fragments.held(stripe)
  }

  list(options: { readonly after?: StripeId; readonly limit: number }): Promise<readonly HeldStripe[]> {
    return this.fragments.list(options)
  }

  /** Keeps fragments of one stripe; durable once it settles. Rejects as the store's `put` does. */
  keep(stripe: StripeId, fragments: readonly StoredFragment[], asked: Lease): Promise<void> {
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
      await Promise.all(dropped.map(({ index }) => this.fragments.delete(stripe, index)))
      return dropped
    })
  }

  /** Looks again before it drops: a put may have mended it meanwhile, and one bad moment of the memory is no damage to the disk. */
  private async dropDamaged(stripe: StripeId, index: number): Promise<void> {
    const dropped = await this.drop(stripe, async (held) => {
      if (held.index !== index) return false
      const fragment = await this.fragments.get(stripe, index)
      return fragment !== undefined && !this.isSound(fragment)
    })
    this.droppedDamaged += dropped.length
  }

  private isSound(fragment: StoredFragment): boolean {
    return verifyFragment(this.primitives, fragment.stripe, fragment).ok
  }
}

/** A disk that cannot even delete leaves the fragment where it is; it is given to nobody all the same. */
function passWeather(error: unknown): void {
  if (!isFailure(error)) throw error
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
