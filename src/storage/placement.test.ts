/** Placement: every fragment finds one holder, evenly, in different domains while there is a choice, whatever holders do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId, Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { Region } from '../overlay/region.ts'
import { BUSY_TRIES_MAX } from './limits.ts'
import { Placement, type Batch } from './placement.ts'

/** Node `n`, alone in its /24 unless `network` says otherwise. */
function contact(n: number, network = n): Contact {
  return {
    id: n.toString(16).padStart(64, '0') as NodeId,
    addresses: [`sim://10.${network >> 8}.${network & 255}.${n % 250}:1`],
  }
}

function region(members: readonly Contact[]): Region {
  return { point: '0'.repeat(64) as Point, members, silent: [], isHearsay: false }
}

/** Everything that is to be sent now. */
function sendings(placement: Placement): readonly Batch[] {
  const batches: Batch[] = []
  for (let batch = placement.next(); batch !== undefined; batch = placement.next()) batches.push(batch)
  return batches
}

/** How many fragments each holder got. */
function loads(batches: readonly Batch[]): ReadonlyMap<NodeId, number> {
  const counts = new Map<NodeId, number>()
  for (const { contact, indices } of batches) counts.set(contact.id, (counts.get(contact.id) ?? 0) + indices.length)
  return counts
}

function sorted(indices: Iterable<number>): readonly number[] {
  return [...indices].sort((a, b) => a - b)
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

test('while nobody fails every fragment goes to exactly one holder, evenly over a small network', () => {
  const everybody = upTo(24).map((n) => contact(n))
  const regions = upTo(16).map((r) => region([...everybody.slice(r), ...everybody.slice(0, r)].slice(0, 20)))
  const placement = new Placement({ total: 193, regions, fragmentsPerBatch: 4 })
  const batches = sendings(placement)
  assert.deepEqual(sorted(batches.flatMap((batch) => batch.indices)), upTo(193))
  assert.ok(batches.every((batch) => batch.indices.length <= 4))
  assert.ok(Math.max(...loads(batches).values()) <= Math.ceil(193 / 24) + 1)
  assert.ok(batches.every(({ contact, region: r }) => regions[r]?.members.some(({ id }) => id === contact.id)))
  for (const batch of batches) placement.onStored(batch)
  assert.equal(placement.storedCount, 193)
  assert.ok(placement.complete && placement.acknowledged && !placement.stuck)
})

test('no two fragments go to one /24 while another is to be had', () => {
  const members = [contact(1, 7), contact(2, 7), contact(3, 7), contact(4, 8), contact(5, 9)]
  const placement = new Placement({ total: 3, regions: [region(members)], fragmentsPerBatch: 9 })
  const domains = sendings(placement).map(({ contact }) => contact.addresses[0]?.split('.')[2])
  assert.deepEqual(new Set(domains), new Set(['7', '8', '9']))
})

test('the nearest member comes first among equals', () => {
  const placement = new Placement({
    total: 2,
    regions: [region([contact(9), contact(4), contact(5)])],
    fragmentsPerBatch: 1,
  })
  assert.deepEqual(
    sendings(placement).map((batch) => batch.contact),
    [contact(9), contact(4)],
  )
})

test('what a holder failed to keep goes to others, and nothing more to it', () => {
  const members = upTo(5).map((n) => contact(n))
  const placement = new Placement({ total: 10, regions: [region(members)], fragmentsPerBatch: 1 })
  const [first, ...others] = sendings(placement)
  assert.ok(first)
  placement.onFailed(first)
  const again = sendings(placement)
  assert.deepEqual(
    again.flatMap((batch) => batch.indices),
    first.indices,
  )
  assert.notEqual(again[0]?.contact.id, first.contact.id)
  for (const batch of [...others, ...again]) placement.onStored(batch)
  assert.ok(placement.complete)
})

test('a busy holder is asked for the same again, until it was busy too often or has failed', () => {
  const placement = new Placement({ total: 1, regions: [region([contact(1), contact(2)])], fragmentsPerBatch: 1 })
  for (let time = 1; time < BUSY_TRIES_MAX; time++) {
    const [batch] = sendings(placement)
    assert.equal(batch?.contact.id, contact(1).id)
    placement.onBusy(batch)
  }
  const [last] = sendings(placement)
  assert.ok(last)
  placement.onBusy(last)
  assert.equal(sendings(placement)[0]?.contact.id, contact(2).id)
})

test('a holder that failed gets nothing back that it was busy for', () => {
  const members = [contact(1), contact(2)]
  const placement = new Placement({ total: 4, regions: [region(members)], fragmentsPerBatch: 1 })
  const ofFirst = sendings(placement).filter((batch) => batch.contact.id === contact(1).id)
  const [one, two] = ofFirst
  assert.ok(one && two)
  placement.onFailed(one)
  placement.onBusy(two)
  assert.ok(sendings(placement).every((batch) => batch.contact.id === contact(2).id))
})

test('hedging offers what is under way to others, and the first to answer counts', () => {
  const placement = new Placement({
    total: 10,
    regions: [region(upTo(12).map((n) => contact(n)))],
    fragmentsPerBatch: 1,
  })
  const batches = sendings(placement)
  const slow = batches[0]
  assert.ok(slow)
  for (const batch of batches.slice(1)) placement.onStored(batch)
  assert.ok(placement.acknowledged && !placement.complete)
  placement.hedge()
  const [hedged] = sendings(placement)
  assert.ok(hedged)
  assert.deepEqual(hedged.indices, slow.indices)
  assert.notEqual(hedged.contact.id, slow.contact.id)
  placement.onStored(hedged)
  assert.ok(placement.complete)
  placement.onFailed(slow)
  assert.deepEqual(sendings(placement), [])
  assert.ok(placement.complete)
})

test('a stripe is acknowledged at nine tenths, and stuck when nobody is left to ask', () => {
  const placement = new Placement({
    total: 10,
    regions: [region(upTo(10).map((n) => contact(n)))],
    fragmentsPerBatch: 1,
  })
  const batches = sendings(placement)
  for (const batch of batches.slice(0, 8)) placement.onStored(batch)
  assert.ok(!placement.acknowledged)
  for (const batch of batches.slice(8)) placement.onFailed(batch)
  const retried = sendings(placement)
  assert.equal(retried.length, 2)
  assert.ok(!placement.stuck)
  placement.onStored(retried[0] as Batch)
  assert.ok(placement.acknowledged && !placement.complete)

  const alone = new Placement({ total: 2, regions: [region([contact(1)])], fragmentsPerBatch: 1 })
  for (const batch of sendings(alone)) alone.onFailed(batch)
  assert.deepEqual(sendings(alone), [])
  assert.ok(alone.stuck && !alone.acknowledged)
})

test('a stripe without any holder is stuck at once', () => {
  const placement = new Placement({ total: 3, regions: [region([]), region([])], fragmentsPerBatch: 1 })
  assert.deepEqual(sendings(placement), [])
  assert.ok(placement.stuck)
})

/** What becomes of one batch. */
type Fate = 'stored' | 'failed' | 'busy'

test('whatever regions there are and holders do, no fragment is lost and there is an end', () => {
  const nodes = fc.integer({ min: 1, max: 12 })
  const cases = fc.record({
    total: fc.integer({ min: 1, max: 40 }),
    perBatch: fc.integer({ min: 1, max: 5 }),
    regions: fc.array(fc.uniqueArray(nodes, { maxLength: 8 }), { minLength: 1, maxLength: 6 }),
    /** Outcomes in turn, over and over. */
    fates: fc.array(fc.constantFrom<Fate>('stored', 'stored', 'failed', 'busy'), { minLength: 1, maxLength: 30 }),
    hedgeEvery: fc.integer({ min: 2, max: 9 }),
  })
  fc.assert(
    fc.property(cases, ({ total, perBatch, regions, fates, hedgeEvery }) => {
      const placement = new Placement({
        total,
        regions: regions.map((members) => region(members.map((n) => contact(n, n >> 1)))),
        fragmentsPerBatch: perBatch,
      })
      const kept = new Set<number>()
      const failed = new Set<NodeId>()
      const busyTimes = new Map<NodeId, number>()
      const underWay: Batch[] = []
      const stepsMax = 200 + 100 * total
      let step = 0
      for (; step < stepsMax; step++) {
        for (const batch of sendings(placement)) {
          assert.ok(!failed.has(batch.contact.id), 'who failed is not asked again')
          assert.ok(batch.indices.length > 0 && batch.indices.length <= perBatch)
          assert.ok(
            batch.indices.every((index) => !kept.has(index)),
            'what is kept is not offered again',
          )
          underWay.push(batch)
        }
        const batch = underWay.splice((step * 7) % Math.max(1, underWay.length), 1)[0]
        if (batch === undefined) break
        const fate = fates[step % fates.length]
        if (fate === 'stored') {
          placement.onStored(batch)
          for (const index of batch.indices) kept.add(index)
        } else if (fate === 'failed') {
          placement.onFailed(batch)
          failed.add(batch.contact.id)
        } else {
          placement.onBusy(batch)
          const times = (busyTimes.get(batch.contact.id) ?? 0) + 1
          busyTimes.set(batch.contact.id, times)
          if (times >= BUSY_TRIES_MAX) failed.add(batch.contact.id)
        }
        if (step % hedgeEvery === 0) placement.hedge()
      }
      assert.ok(step < stepsMax, 'there is an end')
      assert.equal(placement.storedCount, kept.size)
      assert.equal(placement.complete, kept.size === total)
      assert.notEqual(placement.complete, placement.stuck)
      const everybody = new Set(regions.flat().map((n) => contact(n, n >> 1).id))
      if (failed.size < everybody.size) assert.ok(placement.complete, 'whoever is left takes everything')
    }),
    { numRuns: 300 },
  )
})

test('no two fragments go to one domain of a table while another is to be had, whatever their networks', () => {
  // Four networks of one system, and two systems of one network each.
  const members = [contact(1, 1), contact(2, 2), contact(3, 3), contact(4, 4), contact(5, 8), contact(6, 9)]
  const systems = new Map(members.map(({ id }, at) => [id, at < 4 ? 'AS1' : `AS${String(at)}`]))
  const domainOf = ({ id }: Contact): string => systems.get(id) ?? id
  const placement = new Placement({ total: 3, regions: [region(members)], fragmentsPerBatch: 9, domainOf })
  const dealt = sendings(placement).map((batch) => domainOf(batch.contact))
  assert.deepEqual(new Set(dealt), new Set(['AS1', 'AS4', 'AS5']))
})

test('while enough systems have room no two fragments are in one, whoever fails and whatever their networks', () => {
  const cases = fc.record({
    /** Nodes of each system, each alone in its /24, and which of them fail. */
    systems: fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
    total: fc.integer({ min: 1, max: 12 }),
    regionCount: fc.integer({ min: 1, max: 4 }),
    perBatch: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(cases, ({ systems, total, regionCount, perBatch }) => {
      const nodes = systems.flatMap((fates, system) => fates.map((fails) => ({ system, fails })))
      const ofId = new Map(nodes.map((node, n) => [contact(n).id, node]))
      const domainOf = ({ id }: Contact): string => `AS${String(ofId.get(id)?.system)}`
      const members = nodes.map((_, n) => contact(n))
      // A small network: every region has everybody, each in another order.
      const regions = upTo(regionCount).map((r) => region([...members.slice(r), ...members.slice(0, r)]))
      const withRoom = systems.filter((fates) => fates.includes(false)).length
      fc.pre(total <= withRoom)
      const placement = new Placement({ total, regions, fragmentsPerBatch: perBatch, domainOf })
      const holders: Contact[] = []
      for (let batch = placement.next(); batch !== undefined; batch = placement.next()) {
        if (ofId.get(batch.contact.id)?.fails === true) placement.onFailed(batch)
        else {
          placement.onStored(batch)
          holders.push(...batch.indices.map(() => batch.contact))
        }
      }
      assert.ok(placement.complete)
      assert.equal(new Set(holders.map(domainOf)).size, total)
    }),
    { numRuns: 300 },
  )
})
