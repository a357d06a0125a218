/** The system's clock, dice and crypto pass the suites of their ports. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockSuite } from '../testing/suites/clock.ts'
import { primitivesSuite, standardPrimitivesSuite } from '../testing/suites/primitives.ts'
import { NodePrimitives } from './nodePrimitives.ts'
import { SystemClock } from './systemClock.ts'
import { SystemRandom } from './systemRandom.ts'

clockSuite('system', () => ({ clock: new SystemClock(), settle: (promise) => promise }))
primitivesSuite('node:crypto', new NodePrimitives())
standardPrimitivesSuite('node:crypto', new NodePrimitives())

void test('keys verify as well after their cache has overflowed', () => {
  const primitives = new NodePrimitives()
  const message = new Uint8Array(8)
  const seeds = Array.from({ length: 40 }, (_, at) => new Uint8Array(32).fill(at))
  const signed = seeds.map((seed) => ({ key: primitives.publicKey(seed), signature: primitives.sign(seed, message) }))
  for (const { key, signature } of [...signed, ...signed]) assert.ok(primitives.verify(key, message, signature))
})

void test('the dice reach every face and nothing beyond', () => {
  const random = new SystemRandom()
  const faces = new Set(Array.from({ length: 2000 }, () => random.integer(6)))
  assert.deepEqual([...faces].sort(), [0, 1, 2, 3, 4, 5])
  assert.equal(random.integer(1), 0)
  for (let roll = 0; roll < 2000; roll++) assert.ok(random.integer(2 ** 32) < 2 ** 32)
  assert.throws(() => random.integer(0))
  assert.throws(() => random.integer(2 ** 32 + 1))
})

void test('random bytes are as many as asked for and not the same twice', () => {
  const random = new SystemRandom()
  assert.equal(random.bytes(0).length, 0)
  assert.equal(random.bytes(100_000).length, 100_000)
  assert.notDeepEqual(random.bytes(32), random.bytes(32))
})
