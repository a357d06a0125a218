/**
 * Where a holder keeps fragments. Durable: what `put` has settled survives a crash. Acceptance suite:
 * testing/suites/fragmentStore.ts.
 */
import type { Bytes } from '../base/bytes.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import type { StripeHeader } from './coder.ts'

export interface StoredFragment {
  readonly stripe: StripeId
  readonly header: StripeHeader
  /** From 0. */
  readonly index: number
  /** Its Merkle proof, at most 480 bytes (coding/merkle.ts). */
  readonly proof: Bytes
  readonly data: Bytes
}

/** What a holder notes about a fragment besides the fragment. */
export interface Lease {
  readonly expiresMs: number
  /** Who asked to keep it: the node whose budget it counts against. */
  readonly sender: NodeId
  /** {@link OWNER_BYTES}: the hash of the key whose word ends it early (storage/release.ts); undefined for what only expires. */
  readonly owner: Bytes | undefined
}

/** A SHA-256. */
export const OWNER_BYTES = 32

export interface HeldFragment {
  readonly index: number
  readonly lease: Lease
  /** Data and proof. */
  readonly bytes: number
}

export interface HeldStripe {
  readonly stripe: StripeId
  readonly header: StripeHeader
  /** Ascending by index; at least one. */
  readonly fragments: readonly HeldFragment[]
}

export interface StoreUsage {
  readonly fragmentCount: number
  /** Fragment data and proofs, without the store's own overhead. */
  readonly bytes: number
}

export interface FragmentStore {
  /**
   * Keeps all of them or, when it rejects, possibly some; each is readable and durable once this settles. Putting a fragment
   * again renews its lease. Rejects with `no-space` or `storage`.
   */
  put(fragments: readonly StoredFragment[], lease: Lease): Promise<void>
  /** Undefined when it is not held. Rejects with `storage`. Does not verify: the caller does. */
  get(stripe: StripeId, index: number): Promise<StoredFragment | undefined>
  /** Undefined when no fragment of it is held. */
  held(stripe: StripeId): Promise<HeldStripe | undefined>
  /** What is held, ascending by stripe, from the first stripe above `after` on; at most `limit` stripes. */
  list(options: { readonly after?: StripeId; readonly limit: number }): Promise<readonly HeldStripe[]>
  /** Every fragment of the stripe expires then, or later if it did. False when none is held. Durable once it settles. */
  renew(stripe: StripeId, expiresMs: number): Promise<boolean>
  /** Forgets one fragment; nothing happens when it is not held. */
  delete(stripe: StripeId, index: number): Promise<void>
  usage(): StoreUsage
  close(): Promise<void>
}
