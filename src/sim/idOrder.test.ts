/** Who knows everybody finds the nearest. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../base/bytes.ts'
import { compareDistance, type NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { IdOrder } from './idOrder.ts'
import { SeededRandom } from './seededRandom.ts'

const dice = new SeededRandom(1)
const randomId = (): NodeId => toHex(dice.bytes(32)) as NodeId
const isEven = ({ id }: Contact): boolean => Number.parseInt(id.at(-1) ?? '', 16) % 2 === 0

function sortedTo(point: NodeId, contacts: readonly Contact[]): readonly Contact[] {
  return [...contacts].sort((a, b) => compareDistance(point, a.id, b.id))
}

test('the nearest are those that sorting everybody gives, also among some and when there are fewer', () => {
  const contacts = Array.from({ length: 500 }, (): Contact => ({ id: randomId(), addresses: [] }))
  const order = new IdOrder(contacts)
  for (let i = 0; i < 50; i++) {
    const point = randomId()
    assert.deepEqual(order.nearest(point, 20), sortedTo(point, contacts).slice(0, 20))
    assert.deepEqual(order.nearest(point, 20, isEven), sortedTo(point, contacts).filter(isEven).slice(0, 20))
    assert.equal(order.nearest(point, 501).length, 500)
  }
})

test('ids that share their first 32 bits are told apart by the rest', () => {
  const start = randomId().slice(0, 8)
  const contacts = Array.from({ length: 9 }, (): Contact => {
    return { id: (start + randomId().slice(8)) as NodeId, addresses: [] }
  })
  const order = new IdOrder(contacts)
  const point = (start + randomId().slice(8)) as NodeId
  assert.deepEqual(order.nearest(point, 3), sortedTo(point, contacts).slice(0, 3))
  for (const { id } of contacts) assert.equal(order.contacts[order.find(id)]?.id, id)
})

test('an id that is not there has no place', () => {
  const order = new IdOrder([{ id: randomId(), addresses: [] }])
  assert.equal(order.find(randomId()), -1)
  assert.deepEqual(new IdOrder([]).nearest(randomId(), 5), [])
})
