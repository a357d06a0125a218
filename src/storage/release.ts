/**
 * The word of an owner that ends leases early. An owner is known to holders by the hash of a key that serves one object only
 * (crypto/derive.ts), so that they cannot tell which objects belong to one person.
 */
import { concat, utf8, type Bytes } from '../base/bytes.ts'
import { idBytes, type StripeId } from '../base/id.ts'
import type { Primitives } from '../ports/primitives.ts'

const RELEASE_LABEL = utf8('mainframe/release/1\0')
const OWNER_LABEL = utf8('mainframe/owner/1\0')

export interface Release {
  readonly stripes: readonly StripeId[]
  /** Of the owner, Ed25519. */
  readonly publicKey: Bytes
  readonly signature: Bytes
}

/** What a lease calls the owner of this Ed25519 public key: SHA-256 over a label and the key, 32 bytes. */
export function ownerTag(primitives: Primitives, publicKey: Uint8Array): Bytes {
  return primitives.hash(OWNER_LABEL, publicKey)
}

/** The bytes that are signed: label, then the stripe ids in the order of the message. */
export function releaseMessage(stripes: readonly StripeId[]): Bytes {
  return concat(RELEASE_LABEL, ...stripes.map(idBytes))
}

/** The word for these stripes, from the owner's seed (32 bytes). */
export function signRelease(primitives: Primitives, seed: Uint8Array, stripes: readonly StripeId[]): Release {
  const signature = primitives.sign(seed, releaseMessage(stripes))
  return { stripes, publicKey: primitives.publicKey(seed), signature }
}

/** Whether whoever has the key signed exactly these stripes. Which leases that ends, the owner tag says. */
export function isReleaseSigned(primitives: Primitives, { stripes, publicKey, signature }: Release): boolean {
  return primitives.verify(publicKey, releaseMessage(stripes), signature)
}
