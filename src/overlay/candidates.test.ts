/** Candidates: the nearest told are always there, and those left out for being far come back when they are wanted. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { commonPrefixBits, compareDistance, type NodeId, type Point } from '../base/id.ts'
import { Candidates } from './candidates.ts'
import { WITHIN_RADIUS_MAX } from './limits.ts'

function hashedId(name: string): NodeId {
  return createHash('sha256').update(name).digest('hex') as NodeId
}

const TARGET: Point = hashedId('the target')
const SELF = hashedId('self')
const IDS = Array.from({ length: 600 }, (_, nth) => hashedId(`node ${nth}`))

/** Told in their order, some of them again and again. */
function toldOf(ids: readonly NodeId[]): Candidates {
  const candidates = new Candidates(TARGET, SELF)
  ids.forEach((id, nth) => {
    candidates.add({ id, addresses: [] })
    candidates.add({ id: ids[nth >> 1]!, addresses: [] })
  })
  candidates.add({ id: SELF, addresses: [] })
  return candidates
}

function sorted(ids: readonly NodeId[]): NodeId[] {
  return [...ids].sort((a, b) => compareDistance(TARGET, a, b))
}

function idsOf(candidates: Candidates): NodeId[] {
  return candidates.all.map(({ contact }) => contact.id)
}

for (const [order, ids] of [
  ['any', IDS],
  ['the nearest first', sorted(IDS)],
  ['the farthest first', sorted(IDS).reverse()],
] as const) {
  test(`told in ${order} order, as many as a search looks at are the nearest, and few others are kept when most are farther`, () => {
    const candidates = toldOf(ids)
    const nearest = sorted(ids).slice(0, WITHIN_RADIUS_MAX)
    assert.deepEqual(idsOf(candidates).slice(0, WITHIN_RADIUS_MAX), nearest)
    if (order === 'the nearest first') assert.ok(candidates.all.length < IDS.length / 4, `${candidates.all.length}`)
    candidates.admitFar()
    assert.deepEqual(idsOf(candidates), sorted(ids))
    const inShell = ids.filter((id) => commonPrefixBits(TARGET, id) === 0)
    assert.equal(candidates.shell(0)?.waiting.length, inShell.length)
  })
}

test('whoever is known is no news, and after the far are admitted nobody is left out', () => {
  const candidates = toldOf(sorted(IDS))
  const [nearest] = sorted(IDS)
  assert.equal(candidates.add({ id: nearest!, addresses: [] }), false)
  candidates.admitFar()
  const late = hashedId('late')
  assert.equal(candidates.add({ id: late, addresses: [] }), true)
  assert.ok(idsOf(candidates).includes(late))
  assert.equal(candidates.add({ id: late, addresses: [] }), false)
})
