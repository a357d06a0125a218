/**
 * The X.509 certificate under which TLS presents a node's Ed25519 key, and the key of a peer's. A certificate is here only an
 * envelope: TLS proves possession of the key inside, the node id is the key's hash, and names, dates and issuers mean nothing.
 * So every node's certificate is the same constant but for key and signature (RFC 5280, RFC 8410), and none is kept on disk.
 */
import type { X509Certificate } from 'node:crypto'
import { concat, utf8, type Bytes } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../ports/primitives.ts'

/** DER of a certificate over `publicKey` (32 bytes, Ed25519), signed by `sign` with the same key. */
export function selfSignedCertificate(publicKey: Uint8Array, sign: (message: Uint8Array) => Uint8Array): Bytes {
  assert(publicKey.length === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  const body = sequence(VERSION_3, SERIAL, ED25519, NAME, FOR_EVER, NAME, sequence(ED25519, bitString(publicKey)))
  const signature = sign(body)
  assert(signature.length === SIGNATURE_BYTES, 'an Ed25519 signature has 64 bytes')
  return sequence(body, ED25519, bitString(signature))
}

/** DER as PEM, which is what node:tls takes. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** The raw Ed25519 key a certificate carries, or undefined for a key of another kind or an unreadable one. */
export function certifiedKey(certificate: X509Certificate): Bytes | undefined {
  try {
    const key = certificate.publicKey
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
    return raw.length === PUBLIC_KEY_BYTES ? new Uint8Array(raw) : undefined
  } catch {
    return undefined
  }
}

const INTEGER = 0x02
const BIT_STRING = 0x03
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
const EXPLICIT_0 = 0xa0

const VERSION_3 = element(EXPLICIT_0, element(INTEGER, Uint8Array.of(2)))
const SERIAL = element(INTEGER, Uint8Array.of(1))
/** 1.3.101.112 */
const ED25519 = sequence(element(OBJECT_IDENTIFIER, Uint8Array.of(0x2b, 0x65, 0x70)))
/** 2.5.4.3 */
const COMMON_NAME = element(OBJECT_IDENTIFIER, Uint8Array.of(0x55, 0x04, 0x03))
const NAME = sequence(element(SET, sequence(COMMON_NAME, element(UTF8_STRING, utf8('node')))))
/** Real dates would only tell an observer about the node. */
const FOR_EVER = sequence(element(UTC_TIME, utf8('000101000000Z')), element(GENERALIZED_TIME, utf8('99991231235959Z')))

function sequence(...parts: readonly Uint8Array[]): Bytes {
  return element(SEQUENCE, ...parts)
}

function bitString(bytes: Uint8Array): Bytes {
  const unusedBits = 0
  return element(BIT_STRING, Uint8Array.of(unusedBits), bytes)
}

/** One DER element; a certificate's parts are all shorter than 64 KiB. */
function element(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = concat(...parts)
  const { length } = content
  if (length < 0x80) return concat(Uint8Array.of(tag, length), content)
  if (length < 0x100) return concat(Uint8Array.of(tag, 0x81, length), content)
  return concat(Uint8Array.of(tag, 0x82, length >>> 8, length), content)
}
