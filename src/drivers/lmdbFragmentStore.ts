/**
 * The FragmentStore port on LMDB. Two tables: a small index (header, lease, sizes), which is all that opening and `held` read, and
 * the bulk (proof and data).
 */
import { concat, toHex } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { ID_BYTES, type StripeId } from '../base/id.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment, StoreUsage } from '../ports/fragmentStore.ts'
import { decodeRecord, encodeRecord, fragmentKey, keyAfterStripe, type FragmentRecord } from './fragmentRecord.ts'
import { LmdbEnvironment, type ByteTable } from './lmdbEnvironment.ts'

export interface LmdbFragmentStoreOptions {
  /** Created where it does not exist. */
  readonly folder: string
  /** Bytes of data and proofs above which puts reject with `no-space`; by default as much as the disk holds. */
  readonly quotaBytes?: number
}

export class LmdbFragmentStore implements FragmentStore {
  private readonly environment: LmdbEnvironment
  private readonly index: ByteTable
  private readonly bulk: ByteTable
  private readonly quotaBytes: number
  private fragmentCount = 0
  private bytes = 0
  private damagedSeen = 0
  /** What the commit under way does to sizes, undefined for what it deletes: the index does not show it yet. */
  private readonly uncommitted = new Map<string, number | undefined>()

  private constructor(environment: LmdbEnvironment, quotaBytes: number) {
    this.environment = environment
    this.index = environment.table('index')
    this.bulk = environment.table('bulk')
    this.quotaBytes = quotaBytes
    environment.onCommit = (kept) => {
      this.uncommitted.clear()
      if (!kept) this.recount()
    }
  }

  /** Rejects with `refused` while another process has the folder open, and with `storage` when it cannot be used. */
  static async open(options: LmdbFragmentStoreOptions): Promise<LmdbFragmentStore> {
    const environment = await LmdbEnvironment.open(options.folder)
    try {
      const store = new LmdbFragmentStore(environment, options.quotaBytes ?? Number.POSITIVE_INFINITY)
      environment.read(() => store.recount())
      return store
    } catch (error) {
      await environment.close()
      throw error
    }
  }

  /** Entries met so far that were damaged on the disk, and are treated as not held. */
  get damagedCount(): number {
    return this.damagedSeen
  }

  async put(fragments: readonly StoredFragment[], lease: Lease): Promise<void> {
    const bytes = fragments.reduce((sum, fragment) => sum + bytesOf(fragment), 0)
    await this.environment.write(bytes, () => {
      for (const fragment of fragments) this.keep(fragment, lease)
    })
  }

  async get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    return this.environment.read(() => {
      const key = fragmentKey(stripe, index)
      const record = this.recordAt(key)
      if (record === undefined) return undefined
      const bulk = this.bulk.getBinary(key)
      if (bulk?.length !== record.proofBytes + record.dataBytes) {
        this.damagedSeen++
        return undefined
      }
      // A copy of its own already, taken by getBinary; two views of it serve the caller.
      const kept = new Uint8Array(bulk.buffer as ArrayBuffer, bulk.byteOffset, bulk.length)
      return {
        stripe,
        header: record.header,
        index,
        proof: kept.subarray(0, record.proofBytes),
        data: kept.subarray(record.proofBytes),
      }
    })
  }

  async held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.environment.read(() => {
      let header: StripeHeader | undefined
      const indices: number[] = []
      const range = { start: fragmentKey(stripe, 0), end: keyAfterStripe(stripe) }
      for (const { key, value } of this.index.getRange(range)) {
        const record = this.decoded(value)
        if (record === undefined) continue
        header ??= record.header
        indices.push(key[ID_BYTES] ?? 0)
      }
      return header && { header, indices }
    })
  }

  async delete(stripe: StripeId, index: number): Promise<void> {
    await this.environment.write(0, () => {
      const key = fragmentKey(stripe, index)
      this.count(key, undefined)
      void this.index.remove(key)
      void this.bulk.remove(key)
    })
  }

  usage(): StoreUsage {
    return { fragmentCount: this.fragmentCount, bytes: this.bytes }
  }

  async close(): Promise<void> {
    await this.environment.close()
  }

  private keep(fragment: StoredFragment, lease: Lease): void {
    const { header, proof, data } = fragment
    const key = fragmentKey(fragment.stripe, fragment.index)
    const grownBytes = this.bytes + bytesOf(fragment) - (this.sizeAt(key) ?? 0)
    if (grownBytes > this.quotaBytes) {
      throw new Failure(
        'no-space',
        `the quota of ${String(this.quotaBytes)} bytes is used up; raise it or free some room`,
      )
    }
    this.count(key, bytesOf(fragment))
    // The batch that this runs in reports failure; these promises tell nothing of their own.
    void this.index.put(key, encodeRecord({ header, lease, proofBytes: proof.length, dataBytes: data.length }))
    void this.bulk.put(key, concat(proof, data))
  }

  /** Notes that the fragment at `key` will have `size` bytes, or be gone. */
  private count(key: Uint8Array, size: number | undefined): void {
    const before = this.sizeAt(key)
    this.fragmentCount += (size === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    this.bytes += (size ?? 0) - (before ?? 0)
    this.uncommitted.set(toHex(key), size)
  }

  private sizeAt(key: Uint8Array): number | undefined {
    const name = toHex(key)
    if (this.uncommitted.has(name)) return this.uncommitted.get(name)
    const record = this.recordAt(key)
    return record && record.proofBytes + record.dataBytes
  }

  private recordAt(key: Uint8Array): FragmentRecord | undefined {
    const value = this.index.getBinary(key)
    return value && this.decoded(value)
  }

  private decoded(value: Uint8Array): FragmentRecord | undefined {
    const record = decodeRecord(value)
    if (record.ok) return record.value
    this.damagedSeen++
    return undefined
  }

  private recount(): void {
    this.fragmentCount = 0
    this.bytes = 0
    for (const { value } of this.index.getRange({})) {
      const record = this.decoded(value)
      if (record === undefined) continue
      this.fragmentCount++
      this.bytes += record.proofBytes + record.dataBytes
    }
  }
}

function bytesOf(fragment: StoredFragment): number {
  return fragment.proof.length + fragment.data.length
}
