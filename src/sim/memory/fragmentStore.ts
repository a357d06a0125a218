/**
 * The FragmentStore port in memory: the simulated disk, and the model that real stores are held to. It keeps the very arrays it
 * is given, so that the holders of a big world share one copy.
 */
import { Failure } from '../../base/failure.ts'
import type { StripeId } from '../../base/id.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment, StoreUsage } from '../../ports/fragmentStore.ts'
import { mayFail, type Fault } from './faults.ts'

interface Kept {
  readonly fragment: StoredFragment
  readonly lease: Lease
}

/** What a store keeps; outlives it, so that a restarted node finds it again. */
export type FragmentDisk = Map<StripeId, Map<number, Kept>>

export interface MemoryFragmentStoreOptions {
  /** A disk from an earlier run; by default an empty one. */
  readonly disk?: FragmentDisk
  /** Bytes of data and proofs above which puts reject with `no-space`; by default without end. */
  readonly quotaBytes?: number
  readonly fault?: Fault<'put' | 'get' | 'held' | 'list' | 'renew' | 'delete'>
}

export class MemoryFragmentStore implements FragmentStore {
  private readonly disk: FragmentDisk
  private readonly quotaBytes: number
  private readonly fault: MemoryFragmentStoreOptions['fault']
  /** The stripes of the disk, ascending; made when somebody first walks over them. */
  private order: StripeId[] | undefined
  private fragmentCount = 0
  private bytes = 0
  private closed = false

  constructor(options: MemoryFragmentStoreOptions = {}) {
    this.disk = options.disk ?? new Map<StripeId, Map<number, Kept>>()
    this.quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY
    this.fault = options.fault
    for (const stripe of this.disk.values()) for (const kept of stripe.values()) this.count(kept, 1)
  }

  async put(fragments: readonly StoredFragment[], lease: Lease): Promise<void> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'put')
    for (const fragment of fragments) this.keep({ fragment, lease })
  }

  async get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'get')
    return this.disk.get(stripe)?.get(index)?.fragment
  }

  async held(stripe: StripeId): Promise<HeldStripe | undefined> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'held')
    return this.heldOf(stripe)
  }

  async list({ after, limit }: { after?: StripeId; limit: number }): Promise<readonly HeldStripe[]> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'list')
    // Tests put things on disks behind the back of their stores.
    if (this.order?.length !== this.disk.size) this.order = [...this.disk.keys()].sort()
    const from = after === undefined ? 0 : placeOf(this.order, after, 'after')
    return this.order.slice(from, from + limit).flatMap((stripe) => this.heldOf(stripe) ?? [])
  }

  async renew(stripe: StripeId, expiresMs: number): Promise<boolean> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'renew')
    const byIndex = this.disk.get(stripe)
    for (const [index, { fragment, lease }] of byIndex ?? []) {
      if (lease.expiresMs < expiresMs) byIndex?.set(index, { fragment, lease: { ...lease, expiresMs } })
    }
    return byIndex !== undefined
  }

  async delete(stripe: StripeId, index: number): Promise<void> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'delete')
    const byIndex = this.disk.get(stripe)
    const kept = byIndex?.get(index)
    if (byIndex === undefined || kept === undefined) return
    this.count(kept, -1)
    byIndex.delete(index)
    if (byIndex.size > 0) return
    this.disk.delete(stripe)
    this.order?.splice(placeOf(this.order, stripe, 'before'), 1)
  }

  usage(): StoreUsage {
    return { fragmentCount: this.fragmentCount, bytes: this.bytes }
  }

  async close(): Promise<void> {
    this.closed = true
  }

  private heldOf(stripe: StripeId): HeldStripe | undefined {
    const kept = [...(this.disk.get(stripe)?.values() ?? [])].sort((a, b) => a.fragment.index - b.fragment.index)
    const [first] = kept
    if (first === undefined) return undefined
    const fragments = kept.map(({ fragment, lease }) => ({
      index: fragment.index,
      lease,
      bytes: fragmentBytes(fragment),
    }))
    return { stripe, header: first.fragment.header, fragments }
  }

  private keep(kept: Kept): void {
    const { stripe, index } = kept.fragment
    const byIndex = this.disk.get(stripe) ?? new Map<number, Kept>()
    const before = byIndex.get(index)
    const grownBytes = this.bytes + fragmentBytes(kept.fragment) - (before ? fragmentBytes(before.fragment) : 0)
    if (grownBytes > this.quotaBytes) throw new Failure('no-space', 'the quota of this store is used up')
    if (before !== undefined) this.count(before, -1)
    this.count(kept, 1)
    byIndex.set(index, kept)
    if (byIndex.size === 1 && before === undefined) this.order?.splice(placeOf(this.order, stripe, 'before'), 0, stripe)
    this.disk.set(stripe, byIndex)
  }

  private count(kept: Kept, sign: 1 | -1): void {
    this.fragmentCount += sign
    this.bytes += sign * fragmentBytes(kept.fragment)
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Failure('closed', 'this store is closed')
  }
}

function fragmentBytes(fragment: StoredFragment): number {
  return fragment.data.length + fragment.proof.length
}

/** Where in the ascending list the stripe stands or would stand, or the place after that. */
function placeOf(order: readonly StripeId[], stripe: StripeId, side: 'before' | 'after'): number {
  let [from, to] = [0, order.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const other = order[middle] as StripeId
    if (other < stripe || (side === 'after' && other === stripe)) from = middle + 1
    else to = middle
  }
  return from
}
