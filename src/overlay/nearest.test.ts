/** The nearest of several shelves against sorting all, also where ids share their first bits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareDistance, idPrefix, type NodeId } from '../base/id.ts'
import { nearestOn, type Shelf } from './nearest.ts'

/** Ids that differ within their first 32 bits, only after them, or in both. */
const id = fc
  .record({ head: fc.integer({ min: 0, max: 15 }), tail: fc.integer({ min: 0, max: 15 }) })
  .map(({ head, tail }) => `${head.toString(16).repeat(8)}${tail.toString(16).repeat(56)}` as NodeId)

function shelfOf(ids: readonly NodeId[]): Shelf<{ readonly id: NodeId }> {
  return { live: ids.map((each) => ({ id: each })), prefixes: ids.map(idPrefix) }
}

test('the nearest on all shelves are those that sorting finds, for any count', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(id, { maxLength: 60 }),
      id,
      fc.integer({ min: -1, max: 70 }),
      fc.integer({ min: 0, max: 60 }),
      (ids, point, count, cut) => {
        const shelves = [shelfOf(ids.slice(0, cut)), shelfOf(ids.slice(cut)), shelfOf([])]
        const found = nearestOn(point, shelves, count).map((each) => each.id)
        const sorted = [...ids].sort((a, b) => compareDistance(point, a, b))
        assert.deepEqual(found, sorted.slice(0, Math.max(0, count)))
      },
    ),
    { numRuns: 500 },
  )
})
