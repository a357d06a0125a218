/** The stand-ins for signatures behave as signatures do towards everyone who does not forge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { memoryHardSuite } from '../testing/suites/memoryHard.ts'
import { primitivesSuite } from '../testing/suites/primitives.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'

const primitives = new KeyedPrimitives(new NodePrimitives())
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

primitivesSuite('keyed', primitives)
memoryHardSuite('keyed', primitives)

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
