/** The routing table against brute force: who is nearest, what it knows to be complete, and whom it never forgets. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { commonPrefixBits, compareDistance, type NodeId, type Point } from '../base/id.ts'
import { MINUTE } from '../base/units.ts'
import type { Contact } from '../ports/connection.ts'
import { tinyId } from '../testing/tinyId.ts'
import { BUCKET_SIZE, DEPARTED_MAX, DEPARTED_MS, REPLACEMENTS_MAX } from './limits.ts'
import { RoutingTable } from './routingTable.ts'

const SELF = tinyId(0, 12)

/** Ids of 12 bits: few enough to meet again, enough to fill buckets. */
const tiny = fc.integer({ min: 1, max: 4095 }).map((value) => tinyId(value, 12))

function contactOf(id: NodeId): Contact {
  return { id, addresses: [`sim://${id.slice(0, 8)}`] }
}

function idsOf(contacts: readonly Contact[]): NodeId[] {
  return contacts.map(({ id }) => id)
}

function sorted(point: Point, ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => compareDistance(point, a, b))
}

function hashedId(name: string): NodeId {
  return createHash('sha256').update(name).digest('hex') as NodeId
}

test('the nearest contacts are those of all contacts, wherever the point lies', () => {
  const ids = fc.uniqueArray(tiny, { maxLength: 200 })
  fc.assert(
    fc.property(ids, fc.oneof(tiny, fc.constant(SELF)), fc.integer({ min: 1, max: 60 }), (told, point, count) => {
      const table = new RoutingTable(SELF)
      for (const id of told) table.onAnswered(contactOf(id), 0)
      assert.deepEqual(idsOf(table.nearest(point, count)), sorted(point, idsOf(table.all())).slice(0, count))
    }),
    { numRuns: 300 },
  )
})

interface Step {
  readonly what: 'answered' | 'mentioned' | 'departed' | 'failed' | 'explored'
  readonly id: NodeId
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('answered', 'answered', 'answered', 'mentioned', 'departed', 'failed', 'explored'),
  id: fc.oneof({ weight: 9, arbitrary: tiny }, { weight: 1, arbitrary: fc.constant(SELF) }),
})

/** A table and a model that remembers every node that was ever told of and is not known to be gone. */
class Bench {
  readonly table = new RoutingTable(SELF)
  readonly told = new Set<NodeId>()
  private readonly departed = new Set<NodeId>()

  apply({ what, id }: Step): void {
    switch (what) {
      case 'answered':
        this.answer(id)
        break
      case 'mentioned':
        this.table.onMentioned(contactOf(id))
        if (!this.departed.has(id) && id !== SELF) this.told.add(id)
        break
      case 'departed':
        if (this.table.get(id) !== undefined) this.departed.add(id)
        this.table.onDeparted(id, 0)
        this.told.delete(id)
        break
      case 'failed':
        if (this.table.get(id) !== undefined) break
        this.table.onCandidateFailed(id)
        this.told.delete(id)
        break
      case 'explored':
        this.explore(id)
        break
    }
  }

  /** A lookup meets the nearest of all there are. */
  private explore(target: Point): void {
    const closest = sorted(target, this.told).slice(0, BUCKET_SIZE)
    for (const id of closest) this.answer(id)
    this.table.onExplored(target, closest[BUCKET_SIZE - 1])
  }

  private answer(id: NodeId): void {
    this.table.onAnswered(contactOf(id), 0)
    if (id === SELF) return
    this.told.add(id)
    this.departed.delete(id)
  }
}

test('what the table calls complete is what brute force finds among all nodes it was ever told of', () => {
  let completeCount = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.array(tiny, { minLength: 5, maxLength: 5 }), (steps, points) => {
      const bench = new Bench()
      for (const each of steps) bench.apply(each)
      for (const point of [...points, SELF]) {
        const complete = bench.table.nearestIfComplete(point, BUCKET_SIZE)
        if (complete === undefined) continue
        completeCount++
        assert.deepEqual(idsOf(complete), sorted(point, bench.told).slice(0, BUCKET_SIZE))
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(completeCount > 100, `${completeCount} regions were complete`)
})

test('live contacts stay until they depart, buckets and replacements stay within their bounds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const bench = new Bench()
      for (const each of steps) {
        const before = idsOf(bench.table.all())
        bench.apply(each)
        const after = new Set(idsOf(bench.table.all()))
        const gone = before.filter((id) => !after.has(id))
        assert.deepEqual(gone, each.what === 'departed' && before.includes(each.id) ? [each.id] : [])
        assert.equal(bench.table.size, after.size)
        assert.ok(!after.has(SELF))
      }
      const counts = new Map<number, number>()
      for (const { id } of bench.table.all()) {
        const bits = commonPrefixBits(SELF, id)
        counts.set(bits, (counts.get(bits) ?? 0) + 1)
      }
      for (const count of counts.values()) assert.ok(count <= BUCKET_SIZE)
    }),
    { numRuns: 200 },
  )
})

test('a bucket that was ever full is complete only after it was explored again', () => {
  const table = new RoutingTable(SELF)
  const far = Array.from({ length: BUCKET_SIZE + 1 }, (_, at) => tinyId(0b1000_0000_0000 + at, 12))
  const extra = far[BUCKET_SIZE]!
  table.onExplored(SELF, undefined)
  for (const id of far.slice(0, 19)) table.onAnswered(contactOf(id), 0)
  assert.equal(table.nearestIfComplete(extra, 99)?.length, 19)
  for (const id of far) table.onAnswered(contactOf(id), 0)
  assert.equal(table.nearestIfComplete(extra, 99), undefined)
  for (const id of far.slice(0, 10)) table.onDeparted(id, 0)
  table.onCandidateFailed(extra)
  assert.equal(table.nearestIfComplete(extra, 99), undefined)
  table.onExplored(extra, undefined)
  assert.equal(table.nearestIfComplete(extra, 99)?.length, 10)
})

test('a search proves complete only what it has seen the end of', () => {
  const [inside, outside] = [0b1111, 0b0111].map((value) => tinyId(value))
  const explored = (target: Point, farthest: NodeId | undefined, points: readonly Point[]): boolean[] => {
    const table = new RoutingTable(tinyId(0))
    table.onExplored(target, farthest)
    return points.map((point) => table.nearestIfComplete(point, 0) !== undefined)
  }
  // The farthest that was met shares no bit with the target: its own half is known, the other one is not.
  assert.deepEqual(explored(inside!, outside, [inside!, outside!]), [true, false])
  // It shares one: not even that half is known.
  assert.deepEqual(explored(inside!, tinyId(0b1000), [inside!, outside!]), [false, false])
  assert.deepEqual(explored(inside!, undefined, [inside!, outside!]), [true, true])
  // Around oneself: all that shares more with us than the farthest does.
  assert.deepEqual(
    explored(
      tinyId(0),
      tinyId(0b0100),
      [0b1000, 0b0100, 0b0010, 0b0000].map((value) => tinyId(value)),
    ),
    [false, false, true, true],
  )
})

test('who departs leaves its place to those that were mentioned, newest first, and is not believed in by hearsay', () => {
  const table = new RoutingTable(SELF)
  const [lost, older, newer] = [1, 2, 3].map((nth) => tinyId(0b1000_0000_0000 + nth, 12)) as [NodeId, NodeId, NodeId]
  table.onAnswered(contactOf(lost), 0)
  for (const id of [older, newer]) table.onMentioned(contactOf(id))
  assert.deepEqual(idsOf(table.candidates(9)), [newer, older])
  assert.deepEqual(idsOf(table.onDeparted(lost, 0)), [newer, older])
  assert.deepEqual(idsOf(table.onDeparted(lost, 0)), [])
  table.onMentioned(contactOf(lost))
  assert.deepEqual(idsOf(table.candidates(9)), [newer, older])
  table.onAnswered(contactOf(lost), 0)
  assert.deepEqual(idsOf(table.all()), [lost])
  assert.deepEqual(table.recentlyDeparted(0), [])
})

test('candidates are those of buckets with room, and no more are kept than could be used', () => {
  const table = new RoutingTable(SELF)
  for (let nth = 0; nth < 100; nth++) table.onMentioned(contactOf(tinyId(0b1000_0000_0000 + nth, 12)))
  assert.equal(table.candidates(1000).length, REPLACEMENTS_MAX)
  for (let nth = 0; nth < BUCKET_SIZE; nth++) table.onAnswered(contactOf(tinyId(0b1000_0000_0000 + nth, 12)), 0)
  assert.deepEqual(table.candidates(1000), [])
})

test('the departed are remembered for a while, up to a number, and found by their place', () => {
  const table = new RoutingTable(SELF)
  for (let nth = 0; nth < 3 * DEPARTED_MAX; nth++) {
    const id = hashedId(`departed ${nth}`)
    table.onAnswered(contactOf(id), nth)
    table.onDeparted(id, nth)
  }
  const lastMs = 3 * DEPARTED_MAX
  const kept = table.recentlyDeparted(lastMs)
  assert.equal(kept.length, DEPARTED_MAX)
  const point = hashedId('somewhere')
  const limit = sorted(point, idsOf(kept))[7]!
  assert.deepEqual(
    sorted(point, idsOf(table.departedNear(point, limit, lastMs))),
    sorted(point, idsOf(kept)).slice(0, 7),
  )
  assert.equal(table.departedNear(point, undefined, lastMs).length, DEPARTED_MAX)
  assert.deepEqual(table.recentlyDeparted(lastMs + DEPARTED_MS), [])
})

test('those longest silent are asked first', () => {
  const table = new RoutingTable(SELF)
  for (const [value, heardMs] of [
    [1, 5 * MINUTE],
    [2, 1 * MINUTE],
    [3, 3 * MINUTE],
  ] as const) {
    table.onAnswered(contactOf(tinyId(value, 12)), heardMs)
  }
  assert.deepEqual(idsOf(table.quietSince(4 * MINUTE, 9)), [tinyId(2, 12), tinyId(3, 12)])
  assert.deepEqual(idsOf(table.quietSince(4 * MINUTE, 1)), [tinyId(2, 12)])
})

test('a point in a bucket shares as many bits with this node as the bucket says, whatever the dice', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(fc.nat(255), bytes, fc.nat(), (bits, dice, name) => {
      const table = new RoutingTable(hashedId(String(name)))
      const point = table.pointIn(bits, dice)
      assert.equal(commonPrefixBits(table.self, point), bits)
      assert.notEqual(
        bits < 250 && point,
        table.pointIn(
          bits,
          dice.map((byte) => byte ^ 255),
        ),
      )
    }),
  )
})
