/**
 * What single lookups do, seen from outside: whom they ask, and who named whom. A node has a depth: 1 when the seeker could ask it at
 * once, one more than that of the answer that first named it otherwise, for it could only be asked after that. Lookups are told apart by
 * their seeker and point, so no seeker may look for one point twice at a time.
 */
import { present } from '../src/base/assert.ts'
import type { NodeId, Point } from '../src/base/id.ts'
import type { Region } from '../src/overlay/region.ts'
import type { Contact } from '../src/ports/connection.ts'
import { nearestOf } from '../src/sim/idOrder.ts'
import type { Subject } from './subject.ts'

/** As many of its own contacts as a lookup begins with. */
const SEEDS = 20

export interface LookupTrace {
  readonly seeker: number
  readonly point: Point
  readonly region: Region | undefined
  /** Whom it asked. */
  readonly asked: ReadonlySet<NodeId>
  /** Of those that were named or known from the start. */
  readonly depths: ReadonlyMap<NodeId, number>
}

/** Looks up a point and watches. Settles as the lookup does, while the world runs. */
export async function traced(subject: Subject, seeker: number, point: Point): Promise<LookupTrace> {
  const { network } = present(subject.world.process(seeker), `node ${seeker}`)
  const seeds = nearestOf(subject.overlay(seeker).contacts(), point, SEEDS)
  const depths = new Map(seeds.map(({ id }) => [id, 1]))
  const asked = new Set<NodeId>()
  const stop = network.watchFinds(point, {
    onAsk: (to) => asked.add(to),
    onAnswer: (from, named) => noteNamed(depths, from, named),
  })
  const region = await subject.region(seeker, point)
  stop()
  return { seeker, point, region, asked, depths }
}

function noteNamed(depths: Map<NodeId, number>, from: NodeId, named: readonly Contact[]): void {
  const depth = (depths.get(from) ?? 1) + 1
  for (const { id } of named) depths.set(id, Math.min(depth, depths.get(id) ?? depth))
}
