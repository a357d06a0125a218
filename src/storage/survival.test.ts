/** What an object survives: against plain enumeration, against the binomial of large networks, and against nodes that leave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DAY } from '../base/units.ts'
import { lossProbability, LOSS_PROBABILITY_MAX, totalFor } from '../coding/code.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { countedOnce } from './keepers.ts'
import { NODE_LIFETIME_MS, UNATTENDED_LOSS_MAX } from './limits.ts'
import { ObjectLoss, survivableWorst } from './survival.ts'

interface Stripe {
  readonly held: readonly number[]
  readonly needed: number
}

function lossOf(...stripes: readonly Stripe[]): ObjectLoss {
  const loss = new ObjectLoss()
  for (const { held, needed } of stripes) loss.add(named(held), needed)
  return loss
}

function named<T>(values: Iterable<T>): ReadonlyMap<string, T> {
  return new Map([...values].map((value, at) => [String(at), value]))
}

function survivableShare(held: readonly number[], needed: number, nodes: number): number {
  return lossOf({ held, needed }).survivableShare(nodes)
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

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

test('an object of many stripes survives a little less than each of them, so that none is lost', () => {
  const held = new Array<number>(193).fill(1)
  const one = survivableShare(held, 64, 10_000_000)
  const many = new ObjectLoss()
  for (let stripe = 0; stripe < 50; stripe++) {
    many.add(new Map(held.map((count, at) => [`${stripe}-${at}`, count])), 64)
  }
  const share = many.survivableShare(10_000_000)
  assert.ok(share < one && share > one - 0.05, `${share} and ${one}`)
  const loss = 50 * lossProbability({ needed: 64, total: 193 }, share)
  assert.ok(loss <= 1.01 * LOSS_PROBABILITY_MAX && loss > 0.98 * LOSS_PROBABILITY_MAX, `${loss}`)
})

test('stripes with the same holders are lost together, and one that is lost leaves nothing to survive', () => {
  const stripe = { held: new Array<number>(24).fill(8), needed: 64 }
  const many = lossOf(...new Array<Stripe>(300).fill(stripe))
  assert.equal(many.unattendedDays(), lossOf(stripe).unattendedDays())
  assert.equal(many.survivableShare(24), lossOf(stripe).survivableShare(24))
  assert.equal(lossOf(stripe, { held: [5], needed: 1 }, { held: [1, 1], needed: 3 }).survivableShare(1_000), 0)
})

test('a stripe that is lost, or hangs on one node, survives nothing', () => {
  assert.equal(survivableShare([], 1, 10), 0)
  assert.equal(survivableShare([3], 4, 10), 0)
  assert.equal(survivableShare([100], 4, 10), 0)
  assert.equal(survivableShare([100], 4, 0), 0)
  assert.equal(survivableShare([], 1, 0), 0)
})

/** Which fragments each node keeps, and which failure domain it is in. */
interface Placed {
  readonly kept: readonly ReadonlySet<number>[]
  readonly domains: readonly number[]
  readonly needed: number
}

/** Some nodes keep much and others nothing, fragments lie with several nodes, and one domain is larger than the others. */
function randomPlacement(dice: SeededRandom): Placed {
  const nodes = 4 + dice.integer(36)
  const total = 4 + dice.integer(190)
  const holderCount = 1 + dice.integer(nodes)
  const copyChance = dice.integer(3) * 0.3
  const kept = Array.from({ length: nodes }, () => new Set<number>())
  for (let index = 0; index < total; index++) {
    // The smaller of two dice: the first nodes keep more.
    do kept[Math.min(dice.integer(holderCount), dice.integer(holderCount))]?.add(index)
    while (dice.fraction() < copyChance)
  }
  const domainCount = 1 + dice.integer(nodes)
  const domains = kept.map(() => Math.min(dice.integer(domainCount), dice.integer(domainCount)))
  return { kept, domains, needed: 1 + dice.integer(Math.ceil(total / 2)) }
}

function distinctLeft(kept: readonly ReadonlySet<number>[], gone: ReadonlySet<number>): number {
  return new Set(kept.flatMap((indices, at) => (gone.has(at) ? [] : [...indices]))).size
}

function randomSet(dice: SeededRandom, below: number, size: number): ReadonlySet<number> {
  const all = Array.from({ length: below }, (_, at) => at)
  return new Set(Array.from({ length: size }, () => all.splice(dice.integer(all.length), 1)[0] ?? 0))
}

test('however fragments lie and whoever keeps them twice, two thousand sets of the promised size lose nothing', () => {
  const dice = new SeededRandom(7)
  let promises = 0
  for (let round = 0; round < 30; round++) {
    const { kept, needed } = randomPlacement(dice)
    const held = [...countedOnce(named(kept)).values()]
    const departures = Math.floor(survivableShare(held, needed, kept.length) * kept.length)
    if (departures === 0) continue
    promises++
    for (let time = 0; time < 2_000; time++) {
      assert.ok(distinctLeft(kept, randomSet(dice, kept.length, departures)) >= needed, `round ${round}`)
    }
  }
  assert.ok(promises >= 15, `${promises} placements survive something`)
})

test('whichever domains vanish, the promised number loses nothing, and where nothing is kept twice one more of the worst does', () => {
  const dice = new SeededRandom(9)
  let exact = 0
  for (let round = 0; round < 300; round++) {
    const { kept, domains, needed } = randomPlacement(dice)
    const byDomain = [...new Set(domains)].map(
      (domain) => new Set(kept.flatMap((indices, node) => (domains[node] === domain ? [...indices] : []))),
    )
    const promised = survivableWorst(countedOnce(named(byDomain)), needed)
    const worst = worstSets(byDomain, dice)
    for (const order of worst) {
      assert.ok(distinctLeft(byDomain, new Set(order.slice(0, promised))) >= needed, `round ${round}`)
    }
    if (sum(byDomain.map((set) => set.size)) > distinctLeft(byDomain, new Set())) continue
    exact++
    assert.ok(worst.some((order) => distinctLeft(byDomain, new Set(order.slice(0, promised + 1))) < needed))
  }
  assert.ok(exact >= 30, `${exact} placements without copies`)
})

/** Orders in which an adversary takes domains: the largest first, greedily by what is left, and some by chance. */
function worstSets(domains: readonly ReadonlySet<number>[], dice: SeededRandom): readonly (readonly number[])[] {
  const all = domains.map((_, at) => at)
  const largest = [...all].sort((a, b) => (domains[b]?.size ?? 0) - (domains[a]?.size ?? 0))
  const greedy: number[] = []
  while (greedy.length < all.length) {
    const leftWithout = (at: number): number => distinctLeft(domains, new Set([...greedy, at]))
    const open = all.filter((at) => !greedy.includes(at))
    greedy.push(open.reduce((best, at) => (leftWithout(at) < leftWithout(best) ? at : best)))
  }
  return [largest, greedy, ...Array.from({ length: 20 }, () => [...randomSet(dice, all.length, all.length)])]
}

test('the worst is that those who keep most go first', () => {
  assert.equal(survivableWorst(named([1, 9, 2, 0]), 3), 1)
  assert.equal(survivableWorst(named([1, 9, 2, 0]), 4), 0)
  assert.equal(survivableWorst(named([3, 3, 3]), 3), 2)
  assert.equal(survivableWorst(named([]), 1), 0)
  assert.equal(survivableWorst(named([1]), 2), 0)
})

test('in a network of 24 with the default code two thirds of the nodes may be killed again and again', () => {
  const dice = new SeededRandom(8)
  const held = Array.from({ length: 24 }, (_, node) => (node === 0 ? 9 : 8))
  const departures = Math.floor(survivableShare(held, 64, 24) * 24)
  assert.equal(departures, 16)
  for (let time = 0; time < 20_000; time++) {
    const gone = randomSet(dice, 24, departures)
    assert.ok(sum(held.filter((_, node) => !gone.has(node))) >= 64)
  }
})

/** How often of `times` the object has lost a stripe after so many days of nodes that leave each in its own time. */
function lostShareAfter(days: number, object: readonly Stripe[], times: number, dice: SeededRandom): number {
  const nodes = Math.max(...object.map(({ held }) => held.length))
  let lost = 0
  for (let time = 0; time < times; time++) {
    const daysOf = Array.from({ length: nodes }, () => (-NODE_LIFETIME_MS / DAY) * Math.log(1 - dice.fraction()))
    const isLost = ({ held, needed }: Stripe): boolean =>
      sum(held.filter((_, node) => (daysOf[node] ?? 0) > days)) < needed
    if (object.some(isLost)) lost++
  }
  return lost / times
}

test('unattended, one stripe in a thousand is lost in the days that are told', () => {
  const dice = new SeededRandom(10)
  const times = 60_000
  for (const [held, needed] of [
    [[8, 8, 8, 8, 8, 9, 8, 8, 8, 8], 20],
    [[30, 1, 1, 1, 1, 1, 1, 1, 1], 5],
    [new Array<number>(20).fill(1), 1],
    [[4], 2],
  ] as const) {
    const lost = lostShareAfter(lossOf({ held, needed }).unattendedDays(), [{ held, needed }], times, dice)
    // Four standard deviations of so many trials on either side; rounding the days down takes some more off for short times.
    assert.ok(lost < 1.52 * UNATTENDED_LOSS_MAX && lost > 0.45 * UNATTENDED_LOSS_MAX, `${held.join()}: ${lost}`)
  }
})

test('unattended, an object of stripes on the same nodes lasts at least the days that are told', () => {
  const dice = new SeededRandom(11)
  const object = Array.from({ length: 6 }, (_, at) => ({
    held: Array.from({ length: 24 }, (_, node) => (node === at ? 9 : 8)),
    needed: 64,
  }))
  const days = lossOf(...object).unattendedDays()
  assert.ok(days > 10 && days <= lossOf(object[0] as Stripe).unattendedDays(), `${days} days`)
  assert.ok(lostShareAfter(days, object, 20_000, dice) < 1.9 * UNATTENDED_LOSS_MAX)
})

test('what is lost lasts no time, and a copy more lasts longer', () => {
  assert.equal(lossOf({ held: [3], needed: 4 }).unattendedDays(), 0)
  assert.equal(lossOf({ held: [], needed: 1 }).unattendedDays(), 0)
  let before = 0
  for (let copies = 1; copies <= 40; copies++) {
    const days = lossOf({ held: new Array<number>(copies).fill(1), needed: 1 }).unattendedDays()
    // Of independent copies all are gone with probability (1 - e^(-t / mean))^copies.
    const exact = -30 * Math.log(1 - UNATTENDED_LOSS_MAX ** (1 / copies))
    assert.ok(days > before && days <= exact + 1e-6 && days > exact - 0.011, `${copies}: ${days}, ${exact}`)
    before = days
  }
})
