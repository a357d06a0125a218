/** Tables admit by the rules of go-libp2p-kbucket, and answer with the nearest they have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commonPrefixBits, compareDistance, type NodeId } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { groundIdNear } from '../../src/sim/attackers/groundIds.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { IpfsTable } from './ipfsTable.ts'

const dice = new SeededRandom(1)
const SELF = '0'.repeat(64) as NodeId

/** A contact that shares exactly so many leading bits with SELF. */
function contactAt(bits: number): Contact {
  for (;;) {
    const id = groundIdNear(SELF, bits, dice)
    if (commonPrefixBits(SELF, id) === bits) return { id, addresses: [] }
  }
}

function size(table: IpfsTable): number {
  return [0, 1, 2, 3, 8].reduce((sum, bits) => sum + table.countAt(bits), 0)
}

test('a bucket takes twenty and evicts nobody', () => {
  const first = Array.from({ length: 20 }, () => contactAt(3))
  const table = new IpfsTable(SELF, { isDiverse: true, contacts: first })
  table.admit(contactAt(3))
  table.admit(contactAt(2))
  assert.deepEqual([table.countAt(3), table.countAt(2)], [20, 1])
  assert.ok(first.every(({ id }) => table.nearest(id)[0]?.id === id))
})

test('of one address group two enter a bucket and three a table, where addresses count', () => {
  const fill = (isDiverse: boolean): IpfsTable => {
    const table = new IpfsTable(SELF, { isDiverse })
    for (const bits of [8, 8, 8, 3, 3, 2]) table.admit(contactAt(bits), 'one /16')
    table.admit(contactAt(8), 'another /16')
    return table
  }
  assert.deepEqual(
    [8, 3, 2].map((bits) => fill(true).countAt(bits)),
    [3, 1, 0],
  )
  assert.equal(size(fill(false)), 7)
})

test('a contact is there once, and never oneself', () => {
  const table = new IpfsTable(SELF, { isDiverse: true })
  const contact = contactAt(1)
  for (const each of [contact, contact, { id: SELF, addresses: [] }]) table.admit(each)
  assert.equal(size(table), 1)
})

test('the nearest are those of the whole table', () => {
  const contacts = Array.from({ length: 60 }, (_, nth) => contactAt([0, 1, 2, 3, 8][nth % 5] ?? 0))
  const table = new IpfsTable(SELF, { isDiverse: true, contacts })
  for (let i = 0; i < 10; i++) {
    const target = groundIdNear(SELF, i, dice)
    const sorted = [...contacts].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, 20)
    assert.deepEqual(table.nearest(target), sorted)
  }
})
