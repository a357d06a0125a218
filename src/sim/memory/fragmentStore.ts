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
  readonly fault?: Fault<'put' | 'get' | 'held' | 'delete'>
}

export class MemoryFragmentStore implements FragmentStore {
  private readonly disk: FragmentDisk
  private readonly quotaBytes: number
  private readonly fault: MemoryFragmentStoreOptions['fault']
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
    const byIndex = this.disk.get(stripe)
    if (byIndex === undefined) return undefined
    const indices = [...byIndex.keys()].sort((a, b) => a - b)
    const [first] = byIndex.values()
    return first === undefined ? undefined : { header: first.fragment.header, indices }
  }

  async delete(stripe: StripeId, index: number): Promise<void> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'delete')
    const byIndex = this.disk.get(stripe)
    const kept = byIndex?.get(index)
    if (byIndex === undefined || kept === undefined) return
    this.count(kept, -1)
    byIndex.delete(index)
    if (byIndex.size === 0) this.disk.delete(stripe)
  }

  usage(): StoreUsage {
    return { fragmentCount: this.fragmentCount, bytes: this.bytes }
  }

  async close(): Promise<void> {
    this.closed = true
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
