/** The published lookups find what they should in an honest network, and keep their rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../src/base/assert.ts'
import { ID_BYTES, parseId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { disjointLookup, kademliaLookup, type LookupOptions } from './kademliaLookup.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { Population } from './population.ts'

const dice = new SeededRandom(1)
const randomPoint = (): Point => present(parseId(dice.bytes(ID_BYTES)), 'a point')
const contacts = Array.from({ length: 1000 }, () => ({ id: randomPoint(), addresses: [] })) as unknown as Contact[]
const population = new Population(contacts, 20, 1)

function lookupFrom(seeker: Contact, target: Point, ask?: LookupOptions['ask']): LookupOptions {
  return {
    self: seeker.id,
    target,
    seeds: nearestOf(population.tableOf(seeker.id), target, 20),
    count: 20,
    parallel: 3,
    ask: ask ?? (async ({ id }) => nearestOf(population.tableOf(id), target, 20)),
  }
}

test('without attackers both lookups return the 20 nearest nodes', async () => {
  for (const seeker of contacts.slice(0, 10)) {
    const target = randomPoint()
    const wanted = population.nearest(target, 20, ({ id }) => id !== seeker.id)
    assert.deepEqual(await kademliaLookup(lookupFrom(seeker, target)), wanted)
    const disjoint = await disjointLookup({ ...lookupFrom(seeker, target), parallel: 1, paths: 8 })
    assert.ok(disjoint.some(({ id }) => id === wanted[0]?.id))
  }
})

test('at most alpha requests are under way, and nobody is asked twice, by whichever path', async () => {
  const seeker = present(contacts[0], 'a node')
  const target = randomPoint()
  for (const paths of [1, 8]) {
    let underWay = 0
    let most = 0
    const asked: string[] = []
    const options = lookupFrom(seeker, target, async ({ id }) => {
      asked.push(id)
      most = Math.max(most, ++underWay)
      await Promise.resolve()
      underWay--
      return nearestOf(population.tableOf(id), target, 20)
    })
    await (paths === 1 ? kademliaLookup(options) : disjointLookup({ ...options, parallel: 1, paths }))
    assert.equal(most, paths === 1 ? 3 : 8)
    assert.equal(new Set(asked).size, asked.length)
  }
})

test('nodes that do not answer are not returned', async () => {
  const seeker = present(contacts[0], 'a node')
  const target = randomPoint()
  const nearest = present(population.nearest(target, 1)[0], 'the nearest')
  const options = lookupFrom(seeker, target, async ({ id }) =>
    id === nearest.id ? undefined : nearestOf(population.tableOf(id), target, 20),
  )
  const found = await kademliaLookup(options)
  assert.equal(found.length, 20)
  assert.ok(found.every(({ id }) => id !== nearest.id))
})
