/** A bucket never gives more than has flown in and was saved, and a debt is paid by waiting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBucket } from './tokenBucket.ts'

test('whatever is spent when, it is never more than what was saved and what has flown in since', () => {
  const waits = fc.array(
    fc.record({ passMs: fc.integer({ min: 0, max: 5_000 }), amount: fc.integer({ min: 1, max: 50 }) }),
  )
  fc.assert(
    fc.property(waits, (spendings) => {
      const bucket = new TokenBucket({ perSecond: 10, savedMax: 100 })
      let nowMs = 0
      let spent = 0
      for (const { passMs, amount } of spendings) {
        nowMs += passMs
        if (bucket.levelAt(nowMs) < amount) continue
        bucket.spend(amount, nowMs)
        spent += amount
      }
      assert.ok(spent <= 100 + (nowMs / 1_000) * 10 + 1e-6, `${spent} in ${nowMs} ms`)
    }),
  )
})

test('a debt is waited for, and after the wait there is exactly what was waited for', () => {
  const bucket = new TokenBucket({ perSecond: 10, savedMax: 100 })
  bucket.spend(150, 0)
  assert.equal(bucket.levelAt(0), -50)
  assert.equal(bucket.waitMs(1, 0), 5_100)
  assert.equal(bucket.levelAt(5_100), 1)
  assert.equal(bucket.waitMs(1, 5_100), 0)
})

test('a clock that goes back gives nothing twice', () => {
  const bucket = new TokenBucket({ perSecond: 10, savedMax: 100 })
  bucket.spend(100, 1_000)
  assert.equal(bucket.levelAt(500), 0)
  assert.equal(bucket.levelAt(1_000), 0)
})
