/** The survivable share against plain enumeration, against the binomial of large networks, and against nodes that are killed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lossProbability, LOSS_PROBABILITY_MAX, totalFor } from '../coding/code.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { survivableShare } from './survival.ts'

/** The largest number of departures of which at most one set in a million loses the stripe, by looking at every set. */
function survivableByEnumeration(heldCounts: readonly number[], needed: number, nodes: number): number {
  const [sets, losing] = [new Array<number>(nodes + 1).fill(0), new Array<number>(nodes + 1).fill(0)]
  for (let gone = 0; gone < 2 ** nodes; gone++) {
    let [departed, left] = [0, 0]
    for (let node = 0; node < nodes; node++) {
      if ((gone >> node) & 1) departed++
      else left += heldCounts[node] ?? 0
    }
    sets[departed] = (sets[departed] ?? 0) + 1
    if (left < needed) losing[departed] = (losing[departed] ?? 0) + 1
  }
  let survives = -1
  while (survives < nodes && (losing[survives + 1] ?? 1) / (sets[survives + 1] ?? 1) <= LOSS_PROBABILITY_MAX) survives++
  return survives
}

const stripes = fc.record({
  held: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 10 }),
  needed: fc.integer({ min: 1, max: 12 }),
  others: fc.integer({ min: 0, max: 3 }),
})

test('for few holders the share is what looking at every set of departures gives', () => {
  fc.assert(
    fc.property(stripes, ({ held, needed, others }) => {
      const nodes = held.length + others
      const departures = Math.max(0, survivableByEnumeration(held, needed, nodes))
      assert.equal(survivableShare(held, needed, nodes), departures / nodes)
    }),
    { numRuns: 200 },
  )
})

test('a further fragment or holder never makes it less, a further fragment needed never more', () => {
  fc.assert(
    fc.property(stripes, fc.nat(9), ({ held, needed, others }, at) => {
      const nodes = held.length + others + 1
      const share = survivableShare(held, needed, nodes)
      const more = held.map((count, n) => (n === at % held.length ? count + 1 : count))
      assert.ok(survivableShare(more, needed, nodes) >= share)
      assert.ok(survivableShare([...held, 1], needed, nodes) >= share)
      assert.ok(survivableShare(held, needed + 1, nodes) <= share)
    }),
  )
})

test('in a large network with a fragment for each holder it is the share that the code was chosen for', () => {
  for (const [needed, survive] of [
    [1, 0.5],
    [4, 0.3],
    [16, 0.5],
    [64, 0.5],
    [64, 0.6],
  ] as const) {
    const total = totalFor(needed, survive)
    const share = survivableShare(new Array<number>(total).fill(1), needed, 1_000_000)
    assert.ok(share >= survive && share < survive + 0.03, `${needed} of ${total}: ${share}`)
    assert.ok(lossProbability({ needed, total }, share) <= 1.01 * LOSS_PROBABILITY_MAX)
    assert.ok(lossProbability({ needed, total }, share + 0.001) > LOSS_PROBABILITY_MAX)
  }
})

test('a stripe that is lost, or hangs on one node, survives nothing', () => {
  assert.equal(survivableShare([], 1, 10), 0)
  assert.equal(survivableShare([3], 4, 10), 0)
  assert.equal(survivableShare([100], 4, 10), 0)
  assert.equal(survivableShare([100], 4, 0), 0)
})

test('where every set of that size leaves enough, killing that many at random never loses the stripe', () => {
  const dice = new SeededRandom(7)
  for (let round = 0; round < 200; round++) {
    // 15 nodes have fewer than a million sets, so not even one may lose it.
    const nodes = 4 + dice.integer(12)
    const held = Array.from({ length: nodes }, () => dice.integer(6))
    const needed = 1 + dice.integer(held.reduce((sum, count) => sum + count, 1))
    const departures = Math.round(survivableShare(held, needed, nodes) * nodes)
    for (let time = 0; time < 50 && departures > 0; time++) {
      const left = [...held]
      for (let gone = 0; gone < departures; gone++) left.splice(dice.integer(left.length), 1)
      assert.ok(left.reduce((sum, count) => sum + count, 0) >= needed, `${held.join()} of ${needed}`)
    }
  }
})

test('in a network of 24 with the default code half of the nodes may be killed again and again', () => {
  const dice = new SeededRandom(8)
  const held = Array.from({ length: 24 }, (_, node) => (node === 0 ? 9 : 8))
  const departures = Math.floor(survivableShare(held, 64, 24) * 24)
  assert.equal(departures, 16)
  for (let time = 0; time < 20_000; time++) {
    const left = [...held]
    for (let gone = 0; gone < departures; gone++) left.splice(dice.integer(left.length), 1)
    assert.ok(left.reduce((sum, count) => sum + count, 0) >= 64)
  }
})
