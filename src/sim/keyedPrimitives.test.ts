/** The stand-ins for signatures behave as signatures do towards everyone who does not forge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'

const real = new NodePrimitives()
const primitives = new KeyedPrimitives(real)
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('a signature is valid for its key and message, and for no other', () => {
  fc.assert(
    fc.property(seed, seed, fc.uint8Array(), fc.nat(63), (ours, theirs, message, at) => {
      const publicKey = primitives.publicKey(ours)
      const signature = primitives.sign(ours, message)
      assert.deepEqual([publicKey.length, signature.length], [32, 64])
      assert.ok(primitives.verify(publicKey, message, signature))
      assert.ok(!primitives.verify(publicKey, Uint8Array.of(...message, 0), signature))
      const damaged = signature.slice()
      damaged[at]! ^= 1
      assert.ok(!primitives.verify(publicKey, message, damaged))
      const isSame = Buffer.compare(ours, theirs) === 0
      assert.equal(primitives.verify(primitives.publicKey(theirs), message, signature), isSame)
    }),
  )
})

test('malformed keys and signatures are wrong ones, no errors', () => {
  const signature = primitives.sign(new Uint8Array(32), utf8('x'))
  assert.ok(!primitives.verify(new Uint8Array(31), utf8('x'), signature))
  assert.ok(!primitives.verify(primitives.publicKey(new Uint8Array(32)), utf8('x'), signature.subarray(1)))
})

test('hashes, derivation and ciphers are the real ones', () => {
  const key = new Uint8Array(32).fill(7)
  assert.deepEqual(primitives.hash(utf8('a'), utf8('b')), real.hash(utf8('ab')))
  assert.deepEqual(primitives.derive(key, 'purpose', 32), real.derive(key, 'purpose', 32))
  assert.deepEqual(primitives.cipher(key, 16, utf8('text')), real.cipher(key, 16, utf8('text')))
})
