/** Exact functions are near Math's, keep the laws of their kind, and give bits that are written down here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FastHash } from '../sim/fastHash.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { AssertionFailed } from './assert.ts'
import { exp, ln, power } from './exactMath.ts'

const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true })
const argument = fc.double({ min: -700, max: 700, noNaN: true })

function near(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) <= 4e-15 * Math.max(1e-3, Math.abs(expected))
}

test('logarithms and exponentials are those of Math but for the last bits', () => {
  fc.assert(fc.property(positive, (x) => near(ln(x), Math.log(x))))
  fc.assert(fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => near(ln(x), Math.log(x))))
  fc.assert(fc.property(argument, (x) => Math.abs(exp(x) / Math.exp(x) - 1) < 1e-15 * Math.max(4, Math.abs(x))))
})

test('each undoes the other', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -300, max: 300, noNaN: true }),
      (x) => Math.abs(ln(exp(x)) - x) <= 4e-15 * Math.max(1, Math.abs(x)),
    ),
  )
})

test('what is exact stays exact', () => {
  assert.deepEqual([ln(1), exp(0), power(7, 0), power(1, 99)], [0, 1, 1, 1])
  for (let n = -20; n <= 20; n++) assert.ok(Math.abs(power(2, n) - 2 ** n) <= 1e-15 * 2 ** n * (1 + Math.abs(n)))
})

test('greater numbers have greater logarithms and exponentials', () => {
  for (let x = 0.01; x < 50; x *= 1.001) {
    assert.ok(ln(x * 1.001) > ln(x))
    assert.ok(exp(x * 1.001) > exp(x))
  }
})

test('every engine gives the bits of this digest', () => {
  const random = new SeededRandom(1)
  const hash = new FastHash()
  for (let i = 0; i < 20_000; i++) {
    const x = 1e-9 + random.fraction() * 1000
    hash
      .float(ln(x))
      .float(exp(x / 2 - 250))
      .float(power(x, random.fraction()))
  }
  assert.equal(hash.hex(), 'da74487ee81fb363a93cf6f0f4e6d768')
})

test('what has no finite result is refused', () => {
  for (const bad of [0, -1, NaN, Infinity]) assert.throws(() => ln(bad), AssertionFailed)
  for (const bad of [-701, 701, NaN]) assert.throws(() => exp(bad), AssertionFailed)
})
