/** The published loss probabilities, and the table of codes that the design rests on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../base/failure.ts'
import { KIB, MIB } from '../base/units.ts'
import { codeFor, LOSS_PROBABILITY_MAX, lossProbability, neededFor, totalFor } from './code.ts'

const TOTALS = [
  { survive: 0.3, totals: { 1: 12, 4: 20, 16: 44, 32: 73, 64: 128 } },
  { survive: 0.5, totals: { 1: 20, 4: 33, 16: 70, 32: 113, 64: 193 } },
  { survive: 0.6, totals: { 1: 28, 4: 44, 16: 92, 32: 147, 64: 248 } },
]

/** Relative to the figure as published, which has two digits. */
function assertNear(actual: number, published: number): void {
  assert.ok(Math.abs(actual - published) <= 0.05 * published, `${String(actual)} is not ${String(published)}`)
}

for (const { survive, totals } of TOTALS) {
  test(`the totals that survive the loss of ${String(survive)} are those of the design`, () => {
    for (const [needed, total] of Object.entries(totals)) assert.equal(totalFor(Number(needed), survive), total)
  })
}

test('loss probabilities are those that Glacier, Storj and Tahoe-LAFS can be shown to have', () => {
  assertNear(lossProbability({ needed: 5, total: 48 }, 0.6), 9.9e-7)
  assertNear(lossProbability({ needed: 29, total: 80 }, 0.5), 4.8e-3)
  assertNear(lossProbability({ needed: 29, total: 80 }, 0.6), 0.21)
  assertNear(lossProbability({ needed: 3, total: 10 }, 0.5), 5.5e-2)
  assertNear(lossProbability({ needed: 64, total: 256 }, 0.5), 8e-17)
})

test('losing nothing loses no stripe, and losing everything loses every one', () => {
  assert.equal(lossProbability({ needed: 64, total: 64 }, 0), 0)
  assert.equal(lossProbability({ needed: 1, total: 256 }, 1), 1)
})

test('a total is enough, and one less would not be', () => {
  const needed = fc.constantFrom(1, 2, 4, 8, 16, 32, 64)
  fc.assert(
    fc.property(needed, fc.double({ min: 0, max: 0.6, noNaN: true }), (needed, survive) => {
      const total = totalFor(needed, survive)
      assert.ok(lossProbability({ needed, total }, survive) <= LOSS_PROBABILITY_MAX)
      if (total > needed) assert.ok(lossProbability({ needed, total: total - 1 }, survive) > LOSS_PROBABILITY_MAX)
    }),
  )
})

test('a share that no 256 fragments survive is refused with the largest one that can be had', () => {
  const refusal = (error: unknown) => isFailure(error, 'invalid') && error.details.surviveMax === 0.61
  assert.throws(() => totalFor(64, 0.7), refusal)
  assert.throws(() => totalFor(64, 0.62), refusal)
  assert.ok(totalFor(64, 0.61) <= 256)
})

test('a share outside 0 .. 1 is refused', () => {
  for (const share of [-0.1, 1.1, Number.NaN]) {
    assert.throws(
      () => totalFor(1, share),
      (error) => isFailure(error, 'invalid'),
    )
  }
})

test('fragments stay within 4 KiB until 64 are needed', () => {
  assert.deepEqual(
    [0, 1, 4 * KIB, 4 * KIB + 1, 8 * KIB, 8 * KIB + 1, 128 * KIB, 128 * KIB + 1, 16 * MIB].map(neededFor),
    [1, 1, 1, 2, 2, 4, 32, 64, 64],
  )
  assert.deepEqual(codeFor(100 * KIB, 0.5), { needed: 32, total: 113 })
})
