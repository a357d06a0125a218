/**
 * Primitives for big worlds: hashes and ciphers are the real ones, signatures are keyed hashes that cost a microsecond instead of
 * a hundred. Whoever knows a public key could forge them, so attackers that forge belong into small worlds with real signatures.
 * The memory-hard hash is a keyed one too, and takes no memory: what it costs attackers is counted in runs, not in time.
 */
import { concat, EMPTY, equal, writeU32, type Bytes } from '../base/bytes.ts'
import type { Argon2idInput, MemoryHard } from '../ports/memoryHard.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Primitives } from '../ports/primitives.ts'
import { FastHash } from './fastHash.ts'

export class KeyedPrimitives implements Primitives, MemoryHard {
  private readonly real: Primitives

  constructor(real: Primitives) {
    this.real = real
  }

  hash(...parts: readonly Uint8Array[]): Bytes {
    return this.real.hash(...parts)
  }

  derive(secret: Uint8Array, info: string, length: number): Bytes {
    return this.real.derive(secret, info, length)
  }

  cipher(key: Uint8Array, offset: number, bytes: Uint8Array): Bytes {
    return this.real.cipher(key, offset, bytes)
  }

  publicKey(seed: Uint8Array): Bytes {
    return stretch(PUBLIC_KEY_BYTES, seed)
  }

  sign(seed: Uint8Array, message: Uint8Array): Bytes {
    return stretch(SIGNATURE_BYTES, this.publicKey(seed), message)
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    return publicKey.length === PUBLIC_KEY_BYTES && equal(stretch(SIGNATURE_BYTES, publicKey, message), signature)
  }

  argon2id({ password, salt, secret = EMPTY, associatedData = EMPTY, ...cost }: Argon2idInput): Promise<Bytes> {
    const costs = new Uint8Array(16)
    for (const [at, value] of [cost.memoryKib, cost.passes, cost.lanes, cost.tagBytes].entries()) {
      writeU32(costs, 4 * at, value)
    }
    const wholeBlocks = 16 * Math.ceil(cost.tagBytes / 16)
    const tag = stretch(wholeBlocks, password, salt, secret, associatedData, costs)
    return Promise.resolve(tag.slice(0, cost.tagBytes))
  }
}

/** `length` bytes, a multiple of 16, that depend on every part. */
function stretch(length: number, ...parts: readonly Uint8Array[]): Bytes {
  const hash = new FastHash()
  for (const part of parts) hash.bytes(part)
  const blocks = Array.from({ length: length / 16 }, (_, block) => block128(hash.word(block)))
  return concat(...blocks)
}

function block128(hash: FastHash): Bytes {
  const block = new Uint8Array(16)
  hash.words().forEach((word, at) => {
    writeU32(block, 4 * at, word)
  })
  return block
}
