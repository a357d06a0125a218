/** Regions by shell: the nearest always, the expected besides, and no more of a crowd than chance would put there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../base/bytes.ts'
import { compareDistance, type NodeId, type Point } from '../base/id.ts'
import { groundIdsNearerThan } from '../sim/attackers/groundIds.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { CORE_MAX, REGION_SIZE } from './limits.ts'
import { coreShell, expectedIn, membersOf, regionRadius, shellMax, shellOfRadius } from './shells.ts'

const random = new SeededRandom(3)
const SIZE = 2000

function randomId(): NodeId {
  return toHex(random.bytes(32)) as NodeId
}

function sorted(point: Point, ids: readonly NodeId[]): { id: NodeId; addresses: [] }[] {
  return [...ids].sort((a, b) => compareDistance(point, a, b)).map((id) => ({ id, addresses: [] }))
}

test('shells halve, the core begins where less than one node is to be expected, the radius holds a region', () => {
  assert.deepEqual(
    [0, 1, 5].map((shell) => expectedIn(shell, 64)),
    [32, 16, 1],
  )
  assert.deepEqual([1, 2, 3, 1000, 1024, 1025].map(coreShell), [0, 1, 2, 10, 10, 11])
  assert.deepEqual([1, 0.5, 0.4, 0.25, 0.1].map(shellOfRadius), [0, 1, 1, 2, 3])
  assert.equal(regionRadius(2000, 0), 0.01)
  assert.ok(Math.abs(regionRadius(2000, 0.5) - 0.02) < 1e-9)
  assert.ok(Math.abs(regionRadius(2000, 1) - 0.03) < 1e-9)
  assert.ok(shellMax(3, 2000) > expectedIn(3, 2000))
})

test('in a network without attackers a region begins with the nearest and has few more', () => {
  const ids = Array.from({ length: SIZE }, randomId)
  let count = 0
  for (let nth = 0; nth < 200; nth++) {
    const point = randomId()
    const found = sorted(point, ids)
    const members = membersOf(point, found, { size: SIZE, lyingShare: 0 })
    assert.deepEqual(members.slice(0, REGION_SIZE), found.slice(0, REGION_SIZE))
    assert.deepEqual(members, found.slice(0, members.length), 'nobody in between is left out')
    count += members.length
  }
  assert.ok(count / 200 < 1.2 * REGION_SIZE, `${count / 200} members on average`)
})

for (const ground of [15, 45, 1000, 10_000]) {
  test(`${ground} ids ground next to a point leave all but a few of the honest region in it`, () => {
    const honest = Array.from({ length: SIZE }, randomId)
    const point = randomId()
    const region = sorted(point, honest).slice(0, REGION_SIZE)
    const crowd = groundIdsNearerThan(point, region[0]!.id, ground, random)
    const found = sorted(point, [...region.map(({ id }) => id), ...crowd])
    const members = new Set(membersOf(point, found, { size: SIZE, lyingShare: 0 }).map(({ id }) => id))
    const reached = region.filter(({ id }) => members.has(id)).length
    assert.ok(reached >= 0.7 * REGION_SIZE, `${reached} of the 20 nearest honest nodes`)
    assert.ok(members.size <= 2 * REGION_SIZE + CORE_MAX + 10, `${members.size} members`)
  })
}
