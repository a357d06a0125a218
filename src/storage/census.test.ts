/** What counts as gone, and when it is rebuilt. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOUR } from '../base/units.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import { tinyId } from '../testing/tinyId.ts'
import { Census, type RepairRules } from './census.ts'

const RULES: RepairRules = { graceMs: 8 * HOUR, share: 0.75 }
const TOTAL = 40

function headerOf(needed = 8, total = TOTAL): StripeHeader {
  return { needed, total, segmentBytes: 1000, merkleRoot: new Uint8Array(32) }
}

function contactOf(node: number): Contact {
  return { id: tinyId(node, 16), addresses: [] }
}

/** One round an hour, in which every index has a holder of its own, but those missing. */
function round(census: Census, hour: number, missing: (index: number) => boolean): readonly number[] {
  for (let index = 0; index < census.header.total; index++) {
    if (missing(index)) continue
    census.onShown(contactOf(index + 1), { indices: [index], expiresMs: 1000 + index, owner: undefined })
  }
  census.endRound(hour * HOUR)
  return census.toRebuild()
}

test('nothing is rebuilt within the grace period, and then everything that is gone at once', () => {
  const census = new Census(headerOf(), RULES)
  const gone = (index: number): boolean => index < 12
  round(census, 0, () => false)
  for (let hour = 1; hour < 9; hour++) assert.deepEqual(round(census, hour, gone), [], `hour ${hour}`)
  assert.deepEqual(
    round(census, 9, gone),
    Array.from({ length: 12 }, (_, index) => index),
  )
})

test('a fragment that is shown again in between was away, not gone', () => {
  const census = new Census(headerOf(), RULES)
  for (let hour = 0; hour < 100; hour++) {
    // Half of them come and go, each with hours of its own.
    const rebuilt = round(census, hour, (index) => index < 20 && (hour + index) % 6 < 3)
    assert.deepEqual(rebuilt, [])
  }
})

test('it is lazy: while less than a quarter is gone nothing happens', () => {
  const census = new Census(headerOf(), RULES)
  for (let hour = 0; hour < 30; hour++)
    assert.deepEqual(
      round(census, hour, (index) => index < 9),
      [],
    )
  // One more, and only it has to wait.
  for (let hour = 30; hour < 38; hour++)
    assert.deepEqual(
      round(census, hour, (index) => index < 10),
      [],
    )
  assert.equal(round(census, 38, (index) => index < 10).length, 10)
})

test('what goes missing together is a partition for six grace periods, unless too little is left', () => {
  const census = new Census(headerOf(), RULES)
  const half = (index: number): boolean => index < 20
  round(census, 0, () => false)
  for (let hour = 1; hour < 49; hour++) assert.deepEqual(round(census, hour, half), [], `hour ${hour}`)
  assert.equal(round(census, 49, half).length, 20)

  const thin = new Census(headerOf(16), RULES)
  round(thin, 0, () => false)
  for (let hour = 1; hour < 9; hour++) assert.deepEqual(round(thin, hour, half), [])
  assert.equal(round(thin, 9, half).length, 20)
})

test('half whose holders answer and cannot prove it is no partition', () => {
  const census = new Census(headerOf(), RULES)
  round(census, 0, () => false)
  for (let index = 0; index < 20; index++) census.onRefuted(contactOf(index + 1), [index])
  for (let hour = 1; hour < 9; hour++)
    assert.deepEqual(
      round(census, hour, () => false),
      [],
      `hour ${hour}`,
    )
  assert.equal(round(census, 9, () => false).length, 20)
})

test('half that goes one after the other is no partition', () => {
  const census = new Census(headerOf(), RULES)
  let rebuilt: readonly number[] = []
  for (let hour = 0; rebuilt.length === 0 && hour < 60; hour++) rebuilt = round(census, hour, (index) => index < hour)
  assert.equal(rebuilt.length, 10)
})

test('time that nobody watched counts for little: a gap between two rounds is not an absence', () => {
  const census = new Census(headerOf(), RULES)
  const gone = (index: number): boolean => index < 12
  round(census, 0, () => false)
  for (const hour of [1, 100, 200]) assert.deepEqual(round(census, hour, gone), [], `hour ${hour}`)
  assert.equal(round(census, 300, gone).length, 12)
})

test('a clock that is set back neither counts nor stops the count', () => {
  const census = new Census(headerOf(), RULES)
  const gone = (index: number): boolean => index < 12
  for (const hour of [48, 49, 50, 51, 52, 28, 29, 30, 31])
    assert.deepEqual(round(census, hour, gone), [], `hour ${hour}`)
  for (const hour of [32, 33]) round(census, hour, gone)
  assert.equal(census.toRebuild().length, 12)
})

test('with too few left there is nothing to rebuild from', () => {
  const census = new Census(headerOf(), RULES)
  for (let hour = 0; hour < 200; hour++)
    assert.deepEqual(
      round(census, hour, (index) => index < 33),
      [],
    )
  assert.equal(census.aliveCount, 7)
})

test('it knows who keeps what, whom to ask first, and the lease that most holders speak of', () => {
  const census = new Census(headerOf(1, 4), RULES)
  const owner = new Uint8Array(32).fill(7)
  census.onShown(contactOf(1), { indices: [0, 1], expiresMs: 10, owner })
  census.onShown(contactOf(2), { indices: [2], expiresMs: 30, owner: new Uint8Array(32).fill(8) })
  assert.deepEqual(census.unseen(), [3])
  census.onShown(contactOf(3), { indices: [3], expiresMs: 20, owner })
  census.endRound(0)
  assert.deepEqual(
    census.holders.map(({ id }) => id),
    [1, 2, 3].map((node) => contactOf(node).id),
  )
  const kept = census.kept([2])
  assert.deepEqual([...kept.keys()], [0, 1, 3])
  assert.equal(kept.get(1)?.id, contactOf(1).id)
  assert.deepEqual(census.lease(), { expiresMs: 20, owner })
})

test('what was missing when the watch began is a partition only as long as nobody knows better', () => {
  const [unknown, calm, mass] = [1, 2, 3].map(() => new Census(headerOf(), RULES))
  const missing = (index: number): boolean => index < 20
  for (let hour = 0; hour < 9; hour++)
    for (const census of [unknown, calm, mass]) round(census as Census, hour, missing)
  assert.deepEqual(unknown?.toRebuild('unknown'), [])
  assert.equal(calm?.toRebuild('calm').length, 20)
  assert.deepEqual(mass?.toRebuild('mass'), [])
})

test('a third that is missing waits as long as half of all holders are out of sight', () => {
  const census = new Census(headerOf(), RULES)
  round(census, 0, () => false)
  for (let hour = 1; hour < 10; hour++) round(census, hour, (index) => index < 13)
  assert.equal(census.toRebuild().length, 13)
  assert.deepEqual(census.toRebuild('mass'), [])
})

test('copies of which four are left do not wait', () => {
  for (const left of [4, 5]) {
    const copies = new Census(headerOf(1, 20), RULES)
    round(copies, 0, () => false)
    for (let hour = 1; hour < 10; hour++) round(copies, hour, (index) => index >= left)
    assert.equal(copies.toRebuild('mass').length, left === 4 ? 16 : 0)
  }
})
