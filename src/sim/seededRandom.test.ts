/** Seeded dice repeat, are fair enough, and forks do not disturb one another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailed } from '../base/assert.ts'
import { SeededRandom } from './seededRandom.ts'

test('a seed gives the same throws again, another seed others', () => {
  const throws = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 20 }, () => random.integer(1000))
  }
  assert.deepEqual(throws(1), throws(1))
  assert.notDeepEqual(throws(1), throws(2))
})

test('the generator is the published one: words of the reference implementation from state 1, 2, 3, 4', () => {
  const random = new SeededRandom([1, 2, 3, 4])
  const words = Array.from({ length: 6 }, () => random.integer(2 ** 32))
  assert.deepEqual(words, [11520, 0, 5927040, 70819200, 2031721883, 1637235492])
})

test('a fork depends on its label and not on how often its parent was rolled', () => {
  const fresh = new SeededRandom(5)
  const rolled = new SeededRandom(5)
  rolled.bytes(100)
  assert.deepEqual(rolled.fork('link 1-2').bytes(32), fresh.fork('link 1-2').bytes(32))
  assert.notDeepEqual(fresh.fork('link 1-2').bytes(32), fresh.fork('link 2-1').bytes(32))
  assert.deepEqual(fresh.fork('a').fork('b').bytes(8), new SeededRandom(5).fork('a').fork('b').bytes(8))
})

test('whole numbers stay below their bound', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer(), (below, seed) => {
      const thrown = new SeededRandom(seed).integer(below)
      assert.ok(Number.isInteger(thrown) && thrown >= 0 && thrown < below)
    }),
  )
  assert.throws(() => new SeededRandom(1).integer(0), AssertionFailed)
  assert.throws(() => new SeededRandom(1).integer(2 ** 32 + 1), AssertionFailed)
})

test('every face of a die comes up about equally often, by chi-squared', () => {
  const random = new SeededRandom(42)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) counts[random.integer(10)]!++
  const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  assert.ok(chiSquared < 27.9, `${chiSquared} is beyond what chance gives once in a thousand`)
})

test('bytes have the length asked for, and fractions lie in [0, 1)', () => {
  const random = new SeededRandom(3)
  for (let length = 0; length < 10; length++) assert.equal(random.bytes(length).length, length)
  for (let i = 0; i < 1000; i++) {
    const fraction = random.fraction()
    assert.ok(fraction >= 0 && fraction < 1)
  }
})
