/**
 * The FragmentStore port on LMDB. Three tables: a small index (header, lease, sizes), which is all that opening and `held` read, the
 * proofs, and the bulk (data): apart, so that data goes from the frame it came in to the disk without a copy.
 */
import { EMPTY, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { present } from '../base/assert.ts'
import { ID_BYTES, parseId, type StripeId } from '../base/id.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type {
  FragmentStore,
  HeldFragment,
  HeldStripe,
  Lease,
  StoredFragment,
  StoreUsage,
} from '../ports/fragmentStore.ts'
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
  private readonly proofs: ByteTable
  private readonly bulk: ByteTable
  private readonly quotaBytes: number
  private fragmentCount = 0
  private bytes = 0
  private damagedSeen = 0
  /** What the commit under way writes to the index, by stripe and key, undefined for what it deletes: the index does not show it yet. */
  private readonly uncommitted = new Map<StripeId, Map<string, FragmentRecord | undefined>>()

  private constructor(environment: LmdbEnvironment, quotaBytes: number) {
    this.environment = environment
    this.index = environment.table('index')
    this.proofs = environment.table('proofs')
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
      const proof = this.proofs.getBinary(key) ?? EMPTY
      const data = this.bulk.getBinary(key)
      if (proof.length !== record.proofBytes || data?.length !== record.dataBytes) {
        this.damagedSeen++
        return undefined
      }
      return { stripe, header: record.header, index, proof: plain(proof), data: plain(data) }
    })
  }

  async held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.environment.read(() => {
      const [held] = this.stripesIn({ start: fragmentKey(stripe, 0), end: keyAfterStripe(stripe) })
      return held
    })
  }

  async list({ after, limit }: { after?: StripeId; limit: number }): Promise<readonly HeldStripe[]> {
    return this.environment.read(() => {
      const page: HeldStripe[] = []
      for (const held of this.stripesIn(after === undefined ? {} : { start: keyAfterStripe(after) })) {
        if (page.push(held) >= limit) break
      }
      return page
    })
  }

  /** Takes none of the room that puts ask for: a full disk must not end what is kept on it. */
  async renew(stripe: StripeId, expiresMs: number): Promise<boolean> {
    let isHeld = false
    await this.environment.write(0, () => {
      for (const key of this.keysOf(stripe)) {
        const record = this.recordSoon(key)
        if (record === undefined) continue
        isHeld = true
        if (record.lease.expiresMs < expiresMs) this.write(key, { ...record, lease: { ...record.lease, expiresMs } })
      }
    })
    return isHeld
  }

  async delete(stripe: StripeId, index: number): Promise<void> {
    await this.environment.write(0, () => {
      const key = fragmentKey(stripe, index)
      this.count(key, undefined)
      for (const table of [this.index, this.proofs, this.bulk]) void table.remove(key)
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
    const grownBytes = this.bytes + bytesOf(fragment) - sizeOf(this.recordSoon(key))
    if (grownBytes > this.quotaBytes) {
      throw new Failure(
        'no-space',
        `the quota of ${String(this.quotaBytes)} bytes is used up; raise it or free some room`,
      )
    }
    this.write(key, { header, lease, proofBytes: proof.length, dataBytes: data.length })
    // LMDB keeps nothing of no bytes apart from nothing: where a proof is empty there is no entry.
    if (proof.length > 0) void this.proofs.put(key, proof)
    else void this.proofs.remove(key)
    void this.bulk.put(key, data)
  }

  /** The batch that this runs in reports failure; the promises of puts and removals in it tell nothing of their own. */
  private write(key: Uint8Array, record: FragmentRecord): void {
    this.count(key, record)
    void this.index.put(key, encodeRecord(record))
  }

  /** Notes that the entry at `key` will be `record`, or gone. */
  private count(key: Uint8Array, record: FragmentRecord | undefined): void {
    const before = this.recordSoon(key)
    this.fragmentCount += (record === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    this.bytes += sizeOf(record) - sizeOf(before)
    const stripe = stripeOf(key)
    const ofStripe = this.uncommitted.get(stripe) ?? new Map<string, FragmentRecord | undefined>()
    this.uncommitted.set(stripe, ofStripe.set(toHex(key), record))
  }

  /** The entry at `key` as it will be once the commit under way is done. */
  private recordSoon(key: Uint8Array): FragmentRecord | undefined {
    const ofStripe = this.uncommitted.get(stripeOf(key))
    const name = toHex(key)
    return ofStripe?.has(name) === true ? ofStripe.get(name) : this.recordAt(key)
  }

  /** Of every fragment of the stripe that is in the index or will be. */
  private keysOf(stripe: StripeId): readonly Uint8Array[] {
    const written = this.index.getKeys({ start: fragmentKey(stripe, 0), end: keyAfterStripe(stripe) })
    const indices = new Set<number>()
    for (const key of written) indices.add(indexOf(key))
    for (const name of this.uncommitted.get(stripe)?.keys() ?? []) indices.add(indexOf(present(fromHex(name), 'a key')))
    return [...indices].map((index) => fragmentKey(stripe, index))
  }

  /** The stripes whose entries lie in the range, one after another. Damaged entries count as not there. */
  private *stripesIn(range: { readonly start?: Uint8Array; readonly end?: Uint8Array }): Generator<HeldStripe> {
    let held:
      { readonly stripe: StripeId; readonly header: StripeHeader; readonly fragments: HeldFragment[] } | undefined
    for (const { key, value } of this.index.getRange(range)) {
      const record = this.decoded(value)
      if (record === undefined) continue
      const stripe = stripeOf(key)
      if (held !== undefined && held.stripe !== stripe) {
        yield held
        held = undefined
      }
      held ??= { stripe, header: record.header, fragments: [] }
      held.fragments.push({ index: indexOf(key), lease: record.lease, bytes: sizeOf(record) })
    }
    if (held !== undefined) yield held
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
      this.bytes += sizeOf(record)
    }
  }
}

/** A copy of its own already, taken by getBinary; without Buffer's methods. */
function plain(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
}

function bytesOf(fragment: StoredFragment): number {
  return fragment.proof.length + fragment.data.length
}

function sizeOf(record: FragmentRecord | undefined): number {
  return record === undefined ? 0 : record.proofBytes + record.dataBytes
}

function stripeOf(key: Uint8Array): StripeId {
  return present(parseId<StripeId>(key.subarray(0, ID_BYTES)), 'a key begins with a stripe')
}

function indexOf(key: Uint8Array): number {
  return key[ID_BYTES] ?? 0
}
