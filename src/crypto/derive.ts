/**
 * Every id and key that is computed from others, each under its own label, so that no two purposes can meet in one value.
 * Sources: SHA-256 with a length-free prefix label (labels end in NUL and contain none), HKDF (RFC 5869).
 */
import { concat, utf8, type Bytes } from '../base/bytes.ts'
import { assert, present } from '../base/assert.ts'
import { idBytes, parseId, type NodeId, type Point, type StripeId } from '../base/id.ts'
import { KEY_BYTES, PUBLIC_KEY_BYTES, type Primitives } from '../ports/primitives.ts'

const REGION_LABEL = utf8('mainframe/region/1\0')

/** A node's place in the overlay where ids cost no puzzle (idPuzzle.ts): SHA-256 of its Ed25519 public key. */
export function nodeIdOf(primitives: Primitives, publicKey: Uint8Array): NodeId {
  assert(publicKey.length === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  return present(parseId<NodeId>(primitives.hash(publicKey)), 'SHA-256 has 32 bytes')
}

/** The point around which region `region` (from 0) of a stripe lies: SHA-256(label, stripe id, region as one byte). */
export function regionPoint(primitives: Primitives, stripe: StripeId, region: number): Point {
  assert(region >= 0 && region <= 255, 'a region is numbered by one byte')
  const hash = primitives.hash(REGION_LABEL, idBytes(stripe), Uint8Array.of(region))
  return present(parseId(hash), 'SHA-256 has 32 bytes')
}

/** The keys under an object's secret: what readers have and what verifiers get of it. */
export interface ObjectKeys {
  /** Opens the lists of stripes, hence what to audit and repair; given to verifiers. */
  readonly verifyKey: Bytes
  /** Opens the content; given to readers only. */
  readonly readKey: Bytes
}

export function objectKeys(primitives: Primitives, secret: Uint8Array): ObjectKeys {
  assert(secret.length === KEY_BYTES, 'an object secret has 32 bytes')
  return {
    verifyKey: primitives.derive(secret, 'mainframe/object/verify/1', KEY_BYTES),
    readKey: primitives.derive(secret, 'mainframe/object/read/1', KEY_BYTES),
  }
}

/** The key of one data segment, `segment` counted from 0 over the whole object. */
export function segmentKey(primitives: Primitives, readKey: Uint8Array, segment: number): Bytes {
  return primitives.derive(readKey, `mainframe/segment/1/${String(segment)}`, KEY_BYTES)
}

/** The key of one list of stripes: `level` 1 is just above the data, `position` counts within the level. */
export function listKey(primitives: Primitives, verifyKey: Uint8Array, level: number, position: number): Bytes {
  return primitives.derive(verifyKey, `mainframe/list/1/${String(level)}/${String(position)}`, KEY_BYTES)
}

/** The key of the root stripe, which holds the topmost list. */
export function rootKey(primitives: Primitives, verifyKey: Uint8Array): Bytes {
  return primitives.derive(verifyKey, 'mainframe/root-stripe/1', KEY_BYTES)
}

/** The key of what the root keeps for readers alone: small content, type and name. */
export function rootContentKey(primitives: Primitives, readKey: Uint8Array): Bytes {
  return primitives.derive(readKey, 'mainframe/root-content/1', KEY_BYTES)
}

/**
 * The Ed25519 seed of an object's owner, from the secret that an owner has for all objects and the object's own: one per object, so that
 * holders cannot tell which objects are one owner's, and no reader can release what he reads.
 */
export function releaseSeed(primitives: Primitives, ownerSecret: Uint8Array, secret: Uint8Array): Bytes {
  assert(ownerSecret.length === KEY_BYTES && secret.length === KEY_BYTES, 'both secrets have 32 bytes')
  return primitives.derive(concat(ownerSecret, secret), 'mainframe/release-seed/1', KEY_BYTES)
}
