/**
 * A hash that takes memory to compute, so that nobody computes it much cheaper than a node does: what ids are made with
 * (crypto/idPuzzle.ts). Apart from Primitives because it is slow and therefore asynchronous. Acceptance suite: testing/suites/memoryHard.ts.
 */
import type { Bytes } from '../base/bytes.ts'

export interface Argon2idInput {
  readonly password: Uint8Array
  /** At least 8 bytes. */
  readonly salt: Uint8Array
  /** None when absent, as in all that this program hashes; the standard's vector has one. */
  readonly secret?: Uint8Array
  /** None when absent, likewise. */
  readonly associatedData?: Uint8Array
  /** At least 8 for each lane. */
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
  /** At least 4. */
  readonly tagBytes: number
}

export interface MemoryHard {
  /** Argon2id, version 0x13 (RFC 9106), off the caller's thread. Rejects with `refused` where this machine cannot compute it. */
  argon2id(input: Argon2idInput): Promise<Bytes>
}
