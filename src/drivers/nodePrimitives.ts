/** The Primitives port on node:crypto (OpenSSL). */
import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { assert } from '../base/assert.ts'
import { concat, EMPTY, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { KEY_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Primitives } from '../ports/primitives.ts'

/** What RFC 8410 puts before the raw 32 bytes in PKCS#8 and SubjectPublicKeyInfo. */
const PRIVATE_KEY_PREFIX = derPrefix('302e020100300506032b657004220420')
const PUBLIC_KEY_PREFIX = derPrefix('302a300506032b6570032100')

/** Parsed keys kept at hand: parsing costs a third of a verification. A node's peers of one hour fit; a key takes about 1 KiB. */
const PUBLIC_KEYS_CACHED_MAX = 2048
/** The node's own key and those of a few identities. */
const PRIVATE_KEYS_CACHED_MAX = 16

/** Up to here joining the parts is cheaper than a streaming hash object. */
const JOIN_BYTES_MAX = 16 * 1024
const HKDF_BYTES_MAX = 64
const AES_BLOCK_BYTES = 16

export class NodePrimitives implements Primitives {
  private readonly publicKeys = new KeyCache(PUBLIC_KEYS_CACHED_MAX, importPublicKey)
  private readonly privateKeys = new KeyCache(PRIVATE_KEYS_CACHED_MAX, privateKeyOf)

  hash(...parts: readonly Uint8Array[]): Bytes {
    const [first] = parts
    if (first !== undefined && parts.length === 1) return plain(hash('sha256', first, 'buffer'))
    let length = 0
    for (const part of parts) length += part.length
    if (length <= JOIN_BYTES_MAX) return plain(hash('sha256', concat(...parts), 'buffer'))
    const state = createHash('sha256')
    for (const part of parts) state.update(part)
    return plain(state.digest())
  }

  derive(secret: Uint8Array, info: string, length: number): Bytes {
    assert(length >= 1 && length <= HKDF_BYTES_MAX, 'derive() gives 1 .. 64 bytes')
    return new Uint8Array(hkdfSync('sha256', secretKey(secret), EMPTY, info, length))
  }

  cipher(key: Uint8Array, offset: number, bytes: Uint8Array): Bytes {
    assert(key.length === KEY_BYTES, 'AES-256 takes 32 bytes of key')
    assert(Number.isSafeInteger(offset) && offset >= 0 && offset % AES_BLOCK_BYTES === 0, 'offset is whole blocks')
    const counter = new Uint8Array(AES_BLOCK_BYTES)
    new DataView(counter.buffer).setBigUint64(8, BigInt(offset / AES_BLOCK_BYTES))
    return plain(createCipheriv('aes-256-ctr', secretKey(key), counter).update(bytes))
  }

  publicKey(seed: Uint8Array): Bytes {
    const spki = createPublicKey(this.privateKeys.get(seed)).export({ format: 'der', type: 'spki' })
    return new Uint8Array(spki.subarray(PUBLIC_KEY_PREFIX.length))
  }

  sign(seed: Uint8Array, message: Uint8Array): Bytes {
    return plain(sign(null, message, this.privateKeys.get(seed)))
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
    try {
      return verify(null, message, this.publicKeys.get(publicKey), signature)
    } catch {
      // OpenSSL throws for some keys that are no point of the curve; to the caller that is a wrong signature like any other.
      return false
    }
  }
}

/** Parsed keys by their raw bytes; the least recently used one goes first. */
class KeyCache {
  private readonly keys = new Map<string, KeyObject>()
  private readonly limit: number
  private readonly parse: (raw: Uint8Array) => KeyObject

  constructor(limit: number, parse: (raw: Uint8Array) => KeyObject) {
    this.limit = limit
    this.parse = parse
  }

  get(raw: Uint8Array): KeyObject {
    const name = toHex(raw)
    const key = this.keys.get(name) ?? this.parse(raw)
    this.keys.delete(name)
    this.keys.set(name, key)
    if (this.keys.size > this.limit) {
      const [oldest] = this.keys.keys()
      if (oldest !== undefined) this.keys.delete(oldest)
    }
    return key
  }
}

/** Given plain bytes, Node asks whether they are a key by an exception that it catches: 15 microseconds for each call. */
function secretKey(raw: Uint8Array): KeyObject {
  return createSecretKey(raw)
}

/** The key object of a 32-byte seed. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  assert(seed.length === KEY_BYTES, 'an Ed25519 seed has 32 bytes')
  return createPrivateKey({ key: Buffer.concat([PRIVATE_KEY_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

function importPublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_KEY_PREFIX, raw]), format: 'der', type: 'spki' })
}

/** The same memory without Buffer's methods, whose `slice` shares where Uint8Array's copies. */
function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length)
}

function derPrefix(hex: string): Bytes {
  const bytes = fromHex(hex)
  assert(bytes !== undefined, 'the prefix is hex')
  return bytes
}
