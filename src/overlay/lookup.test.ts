/** Lookups find the nearest nodes in calm networks, and end within their bounds in every other. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareDistance, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { groundIdsNearerThan } from '../sim/attackers/groundIds.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { tinyId } from '../testing/tinyId.ts'
import { LOOKUP_PARALLEL_MAX, LOOKUP_REQUESTS_MAX } from './limits.ts'
import { Lookup, type LookupOptions, type LookupResult } from './lookup.ts'
import { RoutingTable } from './routingTable.ts'

/** What a node replies to a find; undefined for silence. */
type Answer = (asked: NodeId, target: Point) => readonly Contact[] | undefined

function hashedId(name: string): NodeId {
  return createHash('sha256').update(name).digest('hex') as NodeId
}

function contactOf(id: NodeId): Contact {
  return { id, addresses: [] }
}

function sorted(point: Point, ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => compareDistance(point, a, b))
}

function idsOf(contacts: readonly Contact[]): NodeId[] {
  return contacts.map(({ id }) => id)
}

/** Runs a lookup to its end, answering its requests in random order. */
function run(lookup: Lookup, answer: Answer, random: SeededRandom): LookupResult {
  const underWay: NodeId[] = []
  for (;;) {
    const step = lookup.next(0)
    if (step.kind === 'done') return step
    if (step.kind === 'ask') {
      underWay.push(step.contact.id)
      assert.ok(underWay.length <= LOOKUP_PARALLEL_MAX)
      continue
    }
    const [asked] = underWay.splice(random.integer(underWay.length), 1)
    const reply = answer(asked!, lookup.target)
    if (reply === undefined) lookup.onFailure(asked!)
    else lookup.onReply(asked!, reply)
  }
}

/** How many times a lookup waits, when everybody who is asked takes the same time to answer. */
function roundsOf(lookup: Lookup, answer: Answer): number {
  let underWay: NodeId[] = []
  for (let rounds = 0; ;) {
    const step = lookup.next(0)
    if (step.kind === 'done') return rounds
    if (step.kind === 'ask') underWay.push(step.contact.id)
    else {
      rounds++
      for (const asked of underWay) lookup.onReply(asked, answer(asked, lookup.target) ?? [])
      underWay = []
    }
  }
}

/** The tables of `count` nodes, each of which was told of all others in an order of its own. */
function honestTables(count: number, random: SeededRandom): Map<NodeId, RoutingTable> {
  const ids = Array.from({ length: count }, (_, nth) => hashedId(`node ${nth}`))
  return new Map(
    ids.map((self) => {
      const table = new RoutingTable(self)
      const others = ids.map((id) => ({ id, dice: random.integer(2 ** 32) })).sort((a, b) => a.dice - b.dice)
      for (const { id } of others) table.onAnswered(contactOf(id), 0)
      return [self, table]
    }),
  )
}

function lookupFrom(table: RoutingTable, target: Point): Lookup {
  return lookupOf({ target, self: table.self, seeds: table.nearest(target, 20), contacts: () => table.all() })
}

function lookupOf(options: Partial<LookupOptions> & Pick<LookupOptions, 'target' | 'self' | 'seeds'>): Lookup {
  return new Lookup({ contacts: () => options.seeds, networkSize: 500, suspectedShare: 0, deadlineMs: 1, ...options })
}

const random = new SeededRandom(1)
const tables = honestTables(500, random)
const nodes = [...tables.keys()]
const honestly: Answer = (asked, target) => tables.get(asked)?.balanced(target)

test('in a calm network of 500 nodes every lookup finds the true nearest, with few requests', () => {
  for (let nth = 0; nth < 60; nth++) {
    const target = nth % 3 === 0 ? nodes[nth]! : hashedId(`target ${nth}`)
    const self = nodes[random.integer(nodes.length)]!
    const lookup = lookupFrom(tables.get(self)!, target)
    const result = run(lookup, honestly, random)
    const others = nodes.filter((id) => id !== self)
    assert.deepEqual(idsOf(result.closest).slice(0, 20), sorted(target, others).slice(0, 20))
    assert.deepEqual([result.silent, result.exhaustive, result.lyingShare], [[], true, 0])
    assert.ok(lookup.requestCount < 45, `${lookup.requestCount} requests`)
  }
})

test('a lookup that somebody waits for asks the last of the region at once: half the round trips, hardly more requests', () => {
  const cost = [false, true].map((isUrgent) => {
    const sum = { rounds: 0, requests: 0 }
    for (let nth = 0; nth < 60; nth++) {
      const table = tables.get(nodes[nth]!)!
      const target = hashedId(`waited for ${nth}`)
      const seeds = table.nearest(target, 20)
      const lookup = lookupOf({ target, self: table.self, seeds, contacts: () => table.all(), isUrgent })
      sum.rounds += roundsOf(lookup, honestly)
      sum.requests += lookup.requestCount
    }
    return sum
  })
  const [calm, urgent] = cost as [(typeof cost)[0], (typeof cost)[0]]
  assert.ok(urgent.rounds < 0.6 * calm.rounds, `${urgent.rounds} rounds, ${calm.rounds} without haste`)
  assert.ok(urgent.requests < 1.1 * calm.requests, `${urgent.requests} requests, ${calm.requests} without haste`)
})

test('right after a third of the nodes fell silent it finds nearly all of the nearest that live, and names the silent', () => {
  const share = { found: 0, named: 0, silent: 0 }
  for (let nth = 0; nth < 50; nth++) {
    const silent = new Set(nodes.filter(() => random.integer(3) === 0))
    const living = nodes.filter((id) => !silent.has(id))
    const [self, ...others] = living as [NodeId, ...NodeId[]]
    const target = hashedId(`target ${nth}`)
    const answer: Answer = (asked, point) => (silent.has(asked) ? undefined : honestly(asked, point))
    const result = run(lookupFrom(tables.get(self)!, target), answer, random)
    const closest = idsOf(result.closest).slice(0, 20)
    assert.deepEqual(closest, sorted(target, closest))
    assert.ok(closest.every((id) => !silent.has(id)))
    const nearer = [...silent].filter((id) => compareDistance(target, id, closest.at(-1)!) < 0)
    const named = idsOf(result.silent)
    assert.ok(named.every((id) => nearer.includes(id)))
    share.found += sorted(target, others)
      .slice(0, 20)
      .filter((id) => closest.includes(id)).length
    share.named += named.length
    share.silent += nearer.length
  }
  assert.ok(share.found > 0.97 * 50 * 20, `found ${share.found} of 1000`)
  assert.ok(share.named > 0.9 * share.silent, `named ${share.named} of ${share.silent}`)
})

test('when nobody answers it ends with nothing but the names of those asked', () => {
  const lookup = lookupFrom(tables.get(nodes[0]!)!, hashedId('target'))
  const result = run(lookup, () => undefined, random)
  assert.deepEqual(result.closest, [])
  assert.equal(result.silent.length, tables.get(nodes[0]!)!.size)
  const lonely = lookupOf({ target: hashedId('target'), self: nodes[0]!, seeds: [] })
  assert.deepEqual(run(lonely, honestly, random), {
    kind: 'done',
    closest: [],
    silent: [],
    exhaustive: true,
    reach: undefined,
    lyingShare: undefined,
  })
})

test('liars who name thousands that are ever nearer cost a bounded number of requests', () => {
  const target = tinyId(0)
  for (const answered of [true, false]) {
    let invented = 0
    const nearer = (): Contact =>
      contactOf(`${'0'.repeat(24)}${(2 ** 40 - ++invented).toString(16).padStart(40, '0')}` as NodeId)
    const lie: Answer = (asked) => (answered || tables.has(asked) ? Array.from({ length: 5000 }, nearer) : undefined)
    const lookup = lookupFrom(tables.get(nodes[0]!)!, target)
    const result = run(lookup, lie, random)
    assert.ok(lookup.requestCount <= LOOKUP_REQUESTS_MAX)
    assert.ok(result.silent.length <= LOOKUP_REQUESTS_MAX)
    if (answered) assert.equal(result.exhaustive, false)
  }
})

test('whatever replies come, it asks nobody twice, never itself, and ends', () => {
  const tiny = fc.nat(255).map((value) => tinyId(value, 8))
  const replies = fc.array(fc.option(fc.array(tiny, { maxLength: 40 }), { nil: undefined }), {
    minLength: 1,
    maxLength: 40,
  })
  fc.assert(
    fc.property(tiny, tiny, fc.array(tiny, { maxLength: 20 }), replies, (self, target, seeds, script) => {
      const asked: NodeId[] = []
      const answered: NodeId[] = []
      const lookup = lookupOf({ target, self, seeds: seeds.map(contactOf) })
      const result = run(
        lookup,
        (id) => {
          const reply = script[asked.length % script.length]?.map(contactOf)
          asked.push(id)
          if (reply !== undefined) answered.push(id)
          return reply
        },
        random,
      )
      assert.equal(new Set(asked).size, asked.length)
      assert.ok(!asked.includes(self))
      assert.deepEqual(idsOf(result.closest), sorted(target, answered))
      assert.ok(idsOf(result.silent).every((id) => asked.includes(id) && !answered.includes(id)))
    }),
    { numRuns: 500 },
  )
})

test('replies and failures that were not asked for change nothing', () => {
  const lookup = lookupOf({ target: tinyId(0), self: tinyId(9), seeds: [contactOf(tinyId(1))] })
  lookup.onReply(tinyId(1), [contactOf(tinyId(2))])
  lookup.onFailure(tinyId(1))
  lookup.onReply(tinyId(5), [contactOf(tinyId(3))])
  assert.deepEqual(lookup.next(0), { kind: 'ask', contact: contactOf(tinyId(1)) })
  assert.deepEqual(lookup.next(0), { kind: 'wait' })
  lookup.onReply(tinyId(1), [contactOf(tinyId(9))])
  lookup.onFailure(tinyId(1))
  lookup.onReply(tinyId(1), [contactOf(tinyId(4))])
  const result = lookup.next(0)
  assert.deepEqual(result, {
    kind: 'done',
    closest: [contactOf(tinyId(1))],
    silent: [],
    exhaustive: true,
    reach: undefined,
    lyingShare: undefined,
  })
})

/** Colluders that name only their own, nearest first; the rest are honest. */
function liesOf(liars: ReadonlySet<NodeId>): Answer {
  const named = [...liars]
  return (asked, target) =>
    liars.has(asked) ? sorted(target, named).slice(0, 40).map(contactOf) : honestly(asked, target)
}

for (const [share, suspectedShare] of [
  [0.2, 0],
  [0.5, 0.5],
  [0.8, 0.8],
] as const) {
  test(`among ${100 * share} % liars a lookup that suspects as many finds the nearest honest node, and sees them lie`, () => {
    let found = 0
    let seen = 0
    const runs = 40
    for (let nth = 0; nth < runs; nth++) {
      const liars = new Set(nodes.filter(() => random.fraction() < share))
      const [self, ...others] = nodes.filter((id) => !liars.has(id)) as [NodeId, ...NodeId[]]
      const target = hashedId(`target ${share} ${nth}`)
      const table = tables.get(self)!
      const options = { target, self, seeds: table.nearest(target, 20), contacts: () => table.all(), suspectedShare }
      const lookup = lookupOf(options)
      const { closest, lyingShare = 0 } = run(lookup, liesOf(liars), random)
      if (idsOf(closest).includes(sorted(target, others)[0]!)) found++
      assert.ok(lookup.requestCount <= LOOKUP_REQUESTS_MAX)
      seen += lyingShare / runs
    }
    assert.ok(Math.abs(seen - share) < 0.25, `${seen} of the witnesses lie`)
    assert.ok(found >= runs - 1, `${found} of ${runs}`)
  })
}

test('silent nodes make nobody a liar, and a lookup among them ends within its bounds', () => {
  for (const share of [0.3, 0.5]) {
    for (let nth = 0; nth < 10; nth++) {
      const silent = new Set(nodes.filter(() => random.fraction() < share))
      const self = nodes.find((id) => !silent.has(id))!
      const answer: Answer = (asked, point) => (silent.has(asked) ? undefined : honestly(asked, point))
      const lookup = lookupFrom(tables.get(self)!, hashedId(`among the silent ${share} ${nth}`))
      const { lyingShare = 0 } = run(lookup, answer, random)
      assert.ok(lyingShare < 0.1, `${lyingShare} count as liars`)
      assert.ok(lookup.requestCount < 250, `${lookup.requestCount} requests`)
    }
  }
})

test('a search by shell asks at most so many of each as it may', () => {
  const liars = new Set(nodes.filter(() => random.fraction() < 0.5))
  const self = nodes.find((id) => !liars.has(id))!
  const table = tables.get(self)!
  const costs = [undefined, 8].map((quotaMax) => {
    const target = hashedId('one target')
    const options = { target, self, seeds: table.nearest(target, 20), contacts: () => table.all(), suspectedShare: 0.9 }
    const lookup = lookupOf({ ...options, ...(quotaMax === undefined ? {} : { quotaMax }) })
    run(lookup, liesOf(liars), random)
    return lookup.requestCount
  })
  assert.ok(costs[1]! < costs[0]! / 2, costs.join())
})

test('ids ground next to the target do not keep a lookup from the honest nodes around it', () => {
  for (const count of [45, 400, 2000]) {
    const target = hashedId(`ground at ${count}`)
    const [rival] = sorted(target, nodes)
    const ground = groundIdsNearerThan(target, rival!, count, random)
    const crowd = new Set(ground)
    // Honest tables have them where room was left, and the crowd tells the truth about its own neighbourhood.
    const answer: Answer = (asked, point) => {
      if (crowd.has(asked)) return sorted(point, ground).slice(0, 40).map(contactOf)
      const table = new RoutingTable(asked)
      for (const { id } of tables.get(asked)!.all()) table.onAnswered(contactOf(id), 0)
      for (const id of ground) table.onAnswered(contactOf(id), 0)
      return table.balanced(point)
    }
    const self = nodes.find((id) => id !== rival)!
    const lookup = lookupFrom(tables.get(self)!, target)
    const met = new Set(idsOf(run(lookup, answer, random).closest))
    const region = sorted(
      target,
      nodes.filter((id) => id !== self),
    ).slice(0, 20)
    const reached = region.filter((id) => met.has(id)).length
    assert.ok(reached >= 15, `${reached} of 20 with ${count} ground ids`)
    assert.ok(lookup.requestCount < 400, `${lookup.requestCount} requests`)
  }
})

test('a lookup past its deadline ends with what it has as soon as nobody is left to wait for', () => {
  const lookup = lookupFrom(tables.get(nodes[0]!)!, hashedId('late'))
  const first = lookup.next(0)
  assert.equal(first.kind, 'ask')
  assert.deepEqual(lookup.next(1), { kind: 'wait' })
  if (first.kind === 'ask') lookup.onReply(first.contact.id, [])
  const end = lookup.next(1)
  assert.deepEqual(end.kind === 'done' && [idsOf(end.closest).length, end.exhaustive], [1, false])
})
