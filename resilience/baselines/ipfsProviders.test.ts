/** Walks and searches keep the rules of go-libp2p-kad-dht and of the attack's artifacts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import type { NodeId, Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { closestPeers, findsRecord, type WalkOptions } from './ipfsProviders.ts'
import { Population } from './population.ts'

const dice = new SeededRandom(1)
const randomId = (): NodeId => toHex(dice.bytes(32)) as NodeId
const contacts: readonly Contact[] = Array.from({ length: 500 }, () => ({ id: randomId(), addresses: [] }))
const population = new Population(contacts, 20, 1)
const target: Point = randomId()
const self = contacts[0]!.id
const nearest20 = population.nearest(target, 20, ({ id }) => id !== self)

const answer = async ({ id }: Contact): Promise<readonly Contact[]> => nearestOf(population.tableOf(id), target, 20)

function walkWith(ask: WalkOptions['ask']): WalkOptions {
  return { self, target, seeds: nearestOf(population.tableOf(self), target, 20), ask }
}

test('a walk finds the twenty nearest, with at most ten requests under way before the follow-up', async () => {
  let underWay = 0
  const most: number[] = []
  const found = await closestPeers(
    walkWith(async (contact, patience) => {
      underWay++
      if (!patience.isOver) most.push(underWay)
      await Promise.resolve()
      underWay--
      return answer(contact)
    }),
  )
  assert.deepEqual(found, nearest20)
  assert.equal(Math.max(...most.slice(0, 20)), 10)
})

test('the three nearest end a walk, whoever else is under way, and the rest are asked again afterwards', async () => {
  const quick = new Set(nearest20.slice(0, 3).map(({ id }) => id))
  const waiting: (() => void)[] = []
  const asked: NodeId[] = []
  const walk = closestPeers({
    ...walkWith(async (contact) => {
      asked.push(contact.id)
      if (asked.length <= 10 && !quick.has(contact.id)) await new Promise<void>((resolve) => waiting.push(resolve))
      return []
    }),
    seeds: nearest20,
  })
  assert.deepEqual(await walk, nearest20)
  assert.equal(waiting.length, 7)
  assert.equal(asked.length, 10 + 17)
  for (const go of waiting) go()
})

test('a node that does not answer before the end of the walk is not among what is found; one silent in the follow-up is', async () => {
  const [gone, , , , late] = nearest20
  const found = await closestPeers(
    walkWith(async (contact) => (contact.id === gone!.id || contact.id === late!.id ? undefined : answer(contact))),
  )
  assert.ok(found.every(({ id }) => id !== gone!.id))
  assert.equal(found.length, 20)
})

test('a search asks everybody on the way for the record, once', async () => {
  const holder = nearest20[19]!
  const has = ({ id }: Contact): boolean => id === holder.id
  assert.equal(await findsRecord(walkWith(answer), has), true)
  assert.equal(await findsRecord(walkWith(answer), () => false), false)
})

test('a holder whose answer is given up at the end of the walk is never asked for the record', async () => {
  const quick = new Set(nearest20.slice(0, 3).map(({ id }) => id))
  const holder = nearest20[5]!
  let holderAskedCount = 0
  const waiting: (() => void)[] = []
  const isFound = await findsRecord(
    {
      ...walkWith(async (contact) => {
        if (contact.id === holder.id && ++holderAskedCount === 1)
          await new Promise<void>((resolve) => waiting.push(resolve))
        else if (!quick.has(contact.id)) for (let i = 0; i < 20; i++) await Promise.resolve()
        return []
      }),
      seeds: nearest20,
    },
    ({ id }) => id === holder.id,
  )
  assert.equal(isFound, false)
  assert.equal(holderAskedCount, 2)
  for (const go of waiting) go()
})
