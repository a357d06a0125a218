/** What holds of every region at any time, and what a region is in truth, for the time after the world has healed. */
import { assert } from '../../base/assert.ts'
import { compareDistance, type NodeId, type Point } from '../../base/id.ts'
import type { Contact } from '../../ports/connection.ts'
import type { EveryId, WithContacts } from './everyId.ts'

/** A region as an overlay names it. */
export interface SeenRegion {
  readonly point: Point
  readonly members: readonly Contact[]
  readonly silent: readonly Contact[]
}

/** Throws unless the region could be true: members in order, each once, nobody both there and silent, all of them real. */
export function checkRegion(world: WithContacts, region: SeenRegion, everyId: EveryId): void {
  const { point, members, silent } = region
  const named = [...members, ...silent].map(({ id }) => id)
  assert(new Set(named).size === named.length, 'a region names nobody twice')
  for (const id of named) assert(everyId.has(id, world), `a region names ${id.slice(0, 8)}, who never existed`)
  for (const [at, { id }] of members.entries()) {
    const before = members[at - 1]?.id
    assert(before === undefined || compareDistance(point, before, id) < 0, 'a region names the nearest first')
  }
}

/** The `count` nodes nearest to the point of those that are up, nearest first: what everybody should find. */
export function trueRegion(
  world: WithContacts & { isUp(node: number): boolean },
  point: Point,
  count: number,
): readonly NodeId[] {
  const ids = Array.from({ length: world.nodeCount }, (_, node) => node)
    .filter((node) => world.isUp(node))
    .map((node) => world.contact(node).id)
  return ids.sort((a, b) => compareDistance(point, a, b)).slice(0, count)
}

/** Whether the region begins with the `count` nodes that are nearest in truth. */
export function isTrueRegion(
  world: WithContacts & { isUp(node: number): boolean },
  { point, members }: SeenRegion,
  count: number,
): boolean {
  const truth = trueRegion(world, point, count)
  return truth.every((id, at) => members[at]?.id === id) && (truth.length === count || members.length === truth.length)
}
