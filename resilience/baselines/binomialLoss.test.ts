/** Losses counted in a population are those of the binomial, also where they are too rare to be seen without weighing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lossProbability } from '../../src/coding/code.ts'
import { lostShare } from './binomialLoss.ts'

function assertNear(measured: number, expected: number, relative: number): void {
  assert.ok(Math.abs(measured / expected - 1) < relative, `${measured} instead of ${expected}`)
}

test('frequent losses are those of the binomial', () => {
  const code = { needed: 3, total: 10 }
  assertNear(lostShare(1, code, 0.6, 20_000), lossProbability(code, 0.6), 0.05)
})

test('losses of one in a million and of one in a billion are weighed to within a tenth', () => {
  const glacier = { needed: 5, total: 48 }
  for (const killed of [0.5, 0.6])
    assertNear(lostShare(1, glacier, killed, 5000), lossProbability(glacier, killed), 0.1)
})

test('a seed gives the same share twice, another seed another', () => {
  const code = { needed: 1, total: 3 }
  assert.equal(lostShare(7, code, 0.5, 1000), lostShare(7, code, 0.5, 1000))
  assert.notEqual(lostShare(7, code, 0.5, 1000), lostShare(8, code, 0.5, 1000))
})
