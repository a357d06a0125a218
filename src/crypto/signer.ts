/** A node's own signing key, so that nothing else in the node handles the seed. */
import type { Bytes } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import type { Primitives } from '../ports/primitives.ts'
import { nodeIdOf } from './derive.ts'

export interface Signer {
  readonly id: NodeId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Bytes
  /** 64 bytes. */
  sign(message: Uint8Array): Bytes
}

/** From a 32-byte Ed25519 seed. `id` is the key's in a network whose ids cost a puzzle; in others it is the key's hash. */
export function signerOf(primitives: Primitives, seed: Uint8Array, id?: NodeId): Signer {
  const publicKey = primitives.publicKey(seed)
  return {
    id: id ?? nodeIdOf(primitives, publicKey),
    publicKey,
    sign: (message) => primitives.sign(seed, message),
  }
}
