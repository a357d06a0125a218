/** Medians and intervals are those of the books. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chanceOfAtMost, mean, median, medianInterval, overlap, shareInterval } from './interval.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

test('a median is the middle, or between the two middles', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
})

test('a mean is the sum dealt out', () => {
  assert.equal(mean([1, 2, 6]), 3)
})

test('the chance of a count is the binomial’s tail', () => {
  // Of three throws of a coin at most one is heads in four cases of eight; of ten dice none is a six in (5/6)^10.
  assert.ok(Math.abs(chanceOfAtMost(1, 3, 0.5) - 0.5) < 1e-12)
  assert.ok(Math.abs(chanceOfAtMost(0, 10, 1 / 6) - (5 / 6) ** 10) < 1e-12)
  assert.deepEqual([chanceOfAtMost(3, 3, 0.5), chanceOfAtMost(2, 3, 1), chanceOfAtMost(0, 3, 0)], [1, 0, 1])
  // Far below the smallest double at its first term.
  assert.ok(chanceOfAtMost(9_990, 10_000, 0.999) > 0.5)
})

test('the interval of a median has the ranks of the binomial tables', () => {
  // Ranks for 95 %: n = 6 gives 1, 10 gives 2, 20 gives 6, 100 gives 40 (Conover, Practical Nonparametric Statistics).
  for (const [count, rank] of [
    [6, 1],
    [10, 2],
    [20, 6],
    [100, 40],
  ] as const) {
    assert.deepEqual(medianInterval(upTo(count).reverse()), { low: rank, high: count + 1 - rank })
  }
})

test('fewer than six values give their range', () => {
  assert.deepEqual(medianInterval([5, 1, 3]), { low: 1, high: 5 })
})

test('Wilson’s interval of a share stays within 0 and 1 and covers the share', () => {
  const { low, high } = shareInterval(27, 150)
  assert.ok(Math.abs(low - 0.1269) < 1e-3 && Math.abs(high - 0.2492) < 1e-3, `${low} .. ${high}`)
  assert.equal(shareInterval(0, 10).low, 0)
  assert.equal(shareInterval(10, 10).high, 1)
})

test('intervals overlap when they share a point', () => {
  assert.ok(overlap({ low: 0, high: 1 }, { low: 1, high: 2 }))
  assert.ok(!overlap({ low: 0, high: 1 }, { low: 1.1, high: 2 }))
})
