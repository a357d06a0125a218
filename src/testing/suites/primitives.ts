/**
 * What every Primitives must do. The standards' own vectors are a suite apart: big simulated worlds put cheaper functions in the
 * place of the real ones, which behave alike and give other bytes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, fromHex, toHex, utf8, type Bytes } from '../../base/bytes.ts'
import { KIB } from '../../base/units.ts'
import { SIGNATURE_BYTES, type Primitives } from '../../ports/primitives.ts'

export function primitivesSuite(name: string, primitives: Primitives): void {
  const check = (behaviour: string, body: () => void): void => void test(`${name}: ${behaviour}`, body)
  const key = filled(32, 5)

  check('a hash of parts is the hash of what they join to', () => {
    const long = filled(100 * KIB, 1)
    const whole = primitives.hash(concat(utf8('abc'), long))
    assert.equal(whole.length, 32)
    assert.deepEqual(primitives.hash(utf8('a'), utf8('bc'), new Uint8Array(0), long), whole)
    assert.notDeepEqual(primitives.hash(utf8('ab'), long), whole)
    assert.deepEqual(primitives.hash(), primitives.hash(new Uint8Array(0)))
  })

  check('a derived key depends on the secret and the purpose, and shorter ones are prefixes', () => {
    const derived = primitives.derive(key, 'purpose', 64)
    assert.equal(derived.length, 64)
    assert.deepEqual(primitives.derive(key, 'purpose', 20), derived.subarray(0, 20))
    assert.notDeepEqual(primitives.derive(key, 'another', 64), derived)
    assert.notDeepEqual(primitives.derive(filled(32, 6), 'purpose', 64), derived)
  })

  check('enciphering twice gives the text back and leaves the argument alone', () => {
    const text = filled(1000, 9)
    const enciphered = primitives.cipher(key, 0, text)
    assert.notDeepEqual(enciphered, text)
    assert.deepEqual(text, filled(1000, 9))
    assert.deepEqual(primitives.cipher(key, 0, enciphered), text)
    assert.equal(primitives.cipher(key, 0, new Uint8Array(0)).length, 0)
  })

  check('a stream enciphered in parts is the stream enciphered whole, also beyond 2^32 blocks', () => {
    const text = filled(64, 9)
    for (const start of [0, 16, 2 ** 36 - 32]) {
      const whole = primitives.cipher(key, start, text)
      const parts = [0, 16, 32].map((at) =>
        primitives.cipher(key, start + at, text.subarray(at, at === 32 ? 64 : at + 16)),
      )
      assert.deepEqual(concat(...parts), whole)
    }
  })

  check('an offset inside a block is a bug of the caller’s', () => {
    assert.throws(() => primitives.cipher(key, 8, filled(16, 1)))
  })

  check('a signature holds for its key and message and for nothing else', () => {
    const seed = filled(32, 1)
    const publicKey = primitives.publicKey(seed)
    const signature = primitives.sign(seed, utf8('message'))
    assert.equal(signature.length, SIGNATURE_BYTES)
    assert.ok(primitives.verify(publicKey, utf8('message'), signature))
    assert.ok(!primitives.verify(publicKey, utf8('massage'), signature))
    assert.ok(!primitives.verify(primitives.publicKey(filled(32, 2)), utf8('message'), signature))
    for (const at of [0, 31, 32, 63]) {
      const bent = new Uint8Array(signature)
      bent[at] = (bent[at] ?? 0) ^ 1
      assert.ok(!primitives.verify(publicKey, utf8('message'), bent))
    }
  })

  check('malformed keys and signatures do not verify and do not throw', () => {
    const signature = primitives.sign(filled(32, 1), utf8('message'))
    for (const bad of [new Uint8Array(0), filled(31, 1), filled(33, 1), filled(32, 0), filled(32, 255)]) {
      assert.equal(primitives.verify(bad, utf8('message'), signature), false)
    }
    for (const bad of [new Uint8Array(0), filled(63, 1), filled(65, 1), filled(64, 0), filled(64, 255)]) {
      assert.equal(primitives.verify(primitives.publicKey(filled(32, 1)), utf8('message'), bad), false)
    }
  })
}

/** The vectors of FIPS 180-4, RFC 5869, RFC 8032 and of AES-256 under the zero key. */
export function standardPrimitivesSuite(name: string, primitives: Primitives): void {
  const check = (behaviour: string, body: () => void): void => void test(`${name}: ${behaviour}`, body)

  check('the hash is SHA-256', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(toHex(primitives.hash(utf8('abc'))), expected)
  })

  check('derivation is HKDF-SHA-256 with an empty salt (RFC 5869, test case 3)', () => {
    const expected = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'
    assert.equal(toHex(primitives.derive(filled(22, 0x0b), '', 42)), expected)
  })

  check('the cipher is AES-256 in counter mode from block 0, big-endian', () => {
    const stream = primitives.cipher(filled(32, 0), 0, filled(32, 0))
    assert.equal(toHex(stream), 'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b')
  })

  check('signatures are Ed25519 (RFC 8032, 7.1, test 1)', () => {
    const seed = hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
    const expected =
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
    const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    assert.equal(toHex(primitives.publicKey(seed)), publicKey)
    assert.equal(toHex(primitives.sign(seed, new Uint8Array(0))), expected)
    assert.ok(primitives.verify(hex(publicKey), new Uint8Array(0), hex(expected)))
  })
}

function filled(length: number, byte: number): Bytes {
  return new Uint8Array(length).fill(byte)
}

function hex(digits: string): Bytes {
  const bytes = fromHex(digits)
  assert.ok(bytes !== undefined)
  return bytes
}
