/** A converged network’s view: who is nearest, and what a table holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commonPrefixBits, compareDistance, type NodeId } from '../../src/base/id.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { Population } from './population.ts'

const dice = new SeededRandom(1)
const randomId = (): NodeId => toHex(dice.bytes(32)) as NodeId
const contacts: readonly Contact[] = Array.from({ length: 2000 }, () => ({ id: randomId(), addresses: [] }))
const population = new Population(contacts, 20, 1)

test('the nearest are those that a search of everybody finds, also among some', () => {
  const isEven = ({ id }: Contact): boolean => Number.parseInt(id.at(-1) ?? '', 16) % 2 === 0
  for (let i = 0; i < 20; i++) {
    const point = randomId()
    const sorted = [...contacts].sort((a, b) => compareDistance(point, a.id, b.id))
    assert.deepEqual(population.nearest(point, 20), sorted.slice(0, 20))
    assert.deepEqual(population.nearest(point, 20, isEven), sorted.filter(isEven).slice(0, 20))
  }
})

test('a table has 20 of every bucket that has as many, and all of the others', () => {
  for (const { id } of contacts.slice(0, 20)) {
    const table = population.tableOf(id)
    assert.equal(new Set(table).size, table.length)
    for (let bits = 0; bits < 16; bits++) {
      const bucket = contacts.filter((other) => commonPrefixBits(id, other.id) === bits)
      const held = table.filter((other) => commonPrefixBits(id, other.id) === bits)
      assert.equal(held.length, Math.min(20, bucket.length))
    }
    assert.equal(population.tableOf(id), table)
  }
})
