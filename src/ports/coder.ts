/**
 * Turning a segment into a stripe of coded fragments and back: cipher, erasure code and hashes in one pass. The inline
 * implementation (coding/inlineCoder.ts) runs where it is called, the pooled one (drivers/workerCoder.ts) in other threads.
 */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'

/** How a stripe is coded: any `needed` of its `total` fragments rebuild it. `needed` is a power of two, 1 .. 64. */
export interface Code {
  readonly needed: number
  readonly total: number
}

/** What the stripe id commits to, besides the fragments themselves. Travels with every fragment. */
export interface StripeHeader extends Code {
  /** Bytes of the enciphered segment, without the padding that fills the last data fragment. */
  readonly segmentBytes: number
  /** Root of the Merkle tree over the fragments, 32 bytes. */
  readonly merkleRoot: Bytes
}

export interface EncodeJob {
  /** The segment in clear. Its buffer may be transferred: the caller must not use it again. */
  readonly plain: Bytes
  /** 32 bytes, used for this segment alone. */
  readonly key: Bytes
  readonly code: Code
}

export interface EncodedStripe {
  readonly id: StripeId
  readonly header: StripeHeader
  /** `total` fragments of equal length; the first `needed` are the enciphered segment itself. */
  readonly fragments: readonly Bytes[]
  /** For each fragment its Merkle proof, at most 480 bytes (coding/merkle.ts). */
  readonly proofs: readonly Bytes[]
}

/** A fragment with its place in the stripe. */
export interface IndexedFragment {
  readonly index: number
  readonly data: Uint8Array
}

export interface DecodeJob {
  readonly header: StripeHeader
  /** Exactly `needed` fragments with distinct indices, each already proven to belong to the stripe. */
  readonly fragments: readonly IndexedFragment[]
  /** Root of the Merkle subtree over the data fragments, as any verified proof reveals it (coding/stripe.ts). */
  readonly dataRoot: Bytes
}

/** The same bytes of several fragments of one stripe. */
export interface SliceJob {
  readonly needed: number
  /** Of one length, with distinct indices; those that are trusted first. */
  readonly slices: readonly IndexedFragment[]
}

export interface Coder {
  encode(job: EncodeJob): Promise<EncodedStripe>
  /**
   * The enciphered segment (`segmentBytes` long). Rejects with `damaged` when the rebuilt data does not hash to `dataRoot`:
   * then whoever encoded the stripe was dishonest.
   */
  decode(job: DecodeJob): Promise<Bytes>
  /** All `total` fragments with proofs again from any `needed`, for repair. Rejects with `damaged` as decode does. */
  rebuild(job: DecodeJob): Promise<EncodedStripe>
  /** Indices of the slices that belong together, or undefined when it cannot be told (coding/codeword.ts). */
  agreeing(job: SliceJob): Promise<readonly number[] | undefined>
}
