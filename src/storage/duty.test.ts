/** Every stripe is looked at once a period by whoever is first, and by the next when the first is gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECOND } from '../base/units.ts'
import type { StripeId } from '../base/id.ts'
import { tinyId } from '../testing/tinyId.ts'
import { Duty, epochAt, holdersBefore, standInMs } from './duty.ts'

const RULES = { checkMs: 60 * SECOND }
const stripe = tinyId(1) as string as StripeId
const other = tinyId(2) as string as StripeId

test('the leader looks once a period, a stand-in rests while the leader does', () => {
  const [leader, standIn] = [new Duty(RULES), new Duty(RULES)]
  for (const duty of [leader, standIn]) duty.add(stripe, 0, 0)
  let looks = 0
  for (let nowMs = 0; nowMs <= 600 * SECOND; nowMs += SECOND) {
    for (const due of leader.due(nowMs, 10, () => 0)) {
      looks++
      leader.onLooked(due, nowMs)
      standIn.onLooked(due, nowMs)
    }
    assert.deepEqual(
      standIn.due(nowMs, 10, () => 1),
      [],
    )
  }
  assert.equal(looks, 10)
})

test('when those before it are silent each stand-in has its turn', () => {
  const duty = new Duty(RULES)
  duty.add(stripe, 0, 0)
  for (const rank of [0, 1, 5]) {
    const dueMs = RULES.checkMs + standInMs(rank, RULES)
    assert.deepEqual(
      duty.due(dueMs - 1, 10, () => rank),
      [],
    )
    assert.deepEqual(
      duty.due(dueMs, 10, () => rank),
      [stripe],
    )
  }
  // However many come before it, nobody waits for ever.
  assert.equal(standInMs(1000, RULES), standInMs(2000, RULES))
})

test('stripes found together are spread over the period, and a stripe that is not kept any more is nobody’s duty', () => {
  const duty = new Duty(RULES)
  duty.add(stripe, 0, 0.9)
  duty.add(other, 0, 0.1)
  assert.deepEqual(
    duty.due(10 * SECOND, 10, () => 0),
    [stripe],
  )
  assert.deepEqual(
    duty.due(60 * SECOND, 1, () => 0),
    [stripe],
  )
  duty.remove(stripe)
  assert.deepEqual(
    duty.due(60 * SECOND, 10, () => 0),
    [other],
  )
  duty.onLooked(stripe, 0)
  assert.equal(duty.stripeCount, 1)
})

test('an epoch lasts many periods', () => {
  const epochs = new Set(Array.from({ length: 64 }, (_, nth) => epochAt(nth * RULES.checkMs, RULES)))
  assert.equal(epochs.size, 1)
  assert.equal(epochAt(64 * RULES.checkMs, RULES), 1)
})

test('a stand-in waits for holders, and not for nodes that keep nothing', () => {
  const copies = { total: 20, regions: 16, nodes: 10_000 }
  // Twenty nearer nodes keep one or two of 20 fragments between them, and half of the space keeps ten.
  assert.equal(holdersBefore({ ...copies, rank: 16, distance: 0 }), 1)
  assert.equal(holdersBefore({ ...copies, rank: 20, distance: 0.5 }), 10)
  // A large stripe has twelve in each region.
  assert.ok(holdersBefore({ ...copies, total: 193, rank: 20, distance: 0.001 }) > 12)
  // In a small network everybody keeps something.
  const small = { total: 193, regions: 16, nodes: 24 }
  assert.deepEqual(
    [holdersBefore({ ...small, rank: 7, distance: 0.2 }), holdersBefore({ ...small, rank: 20, distance: 1 })],
    [7, 24],
  )
})
