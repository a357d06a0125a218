/**
 * Hashing, enciphering, signing: synchronous, on bytes. Bulk work goes through the Coder port, which may use other threads.
 */
import type { Bytes } from '../base/bytes.ts'

export const HASH_BYTES = 32
export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const PUBLIC_KEY_BYTES = 32

export interface Primitives {
  /** SHA-256 of the parts, joined. 32 bytes. */
  hash(...parts: readonly Uint8Array[]): Bytes
  /** HKDF-SHA-256 with an empty salt (RFC 5869): `length` bytes, at most 64, from `secret` for the purpose `info`. */
  derive(secret: Uint8Array, info: string, length: number): Bytes
  /**
   * AES-256-CTR over `bytes` as if they stood `offset` bytes into the stream; its own inverse. Counter block starts at 0,
   * so a key must never serve two different plaintexts. `offset` is a multiple of 16. Returns a new array.
   */
  cipher(key: Uint8Array, offset: number, bytes: Uint8Array): Bytes
  /** The Ed25519 public key (32 bytes) of a 32-byte seed. */
  publicKey(seed: Uint8Array): Bytes
  /** Ed25519 (RFC 8032) signature, 64 bytes. */
  sign(seed: Uint8Array, message: Uint8Array): Bytes
  /** False for a wrong signature and for malformed keys and signatures alike; never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
