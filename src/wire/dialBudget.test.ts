/** Dials: many at once, then so many a minute, each told at once how long it waits or that it would wait too long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE } from '../base/units.ts'
import { DialBudget } from './dialBudget.ts'
import { DIAL_WAIT_MS_MAX } from './limits.ts'

test('dials are free until their store is empty, then wait in order, and no longer than is bearable', () => {
  const budget = new DialBudget({ perMinute: 300, atOnce: 10 })
  const waits = Array.from({ length: 20 }, () => budget.claim(0))
  assert.deepEqual(
    waits.slice(0, 10),
    Array.from({ length: 10 }, () => 0),
  )
  assert.deepEqual(waits.slice(10), [200, 400, 600, 800, 1_000, ...Array.from({ length: 5 }, () => undefined)])
})

test('whoever dials all the time makes as many dials a minute as are allowed', () => {
  const budget = new DialBudget({ perMinute: 300, atOnce: 10 })
  let made = 0
  for (let nowMs = 0; nowMs < 10 * MINUTE; nowMs += 50) if (budget.claim(nowMs) !== undefined) made++
  const saved = 10 + (DIAL_WAIT_MS_MAX / MINUTE) * 300
  assert.ok(made >= 3_000 && made <= 3_000 + saved, `${made}`)
})
