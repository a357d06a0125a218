/** Lookups of random points by random honest nodes, judged by the truth: the measure that most scenarios share. */
import type { Point } from '../src/base/id.ts'
import { SECOND } from '../src/base/units.ts'
import type { Region } from '../src/overlay/region.ts'
import type { IdOrder } from '../src/sim/idOrder.ts'
import type { Subject } from './subject.ts'

/** So many of the nearest nodes do not all leave while one lookup runs. */
const NEAREST = 8
/** How often it is seen whether a seeker is still there. */
const WATCH_MS = SECOND

/**
 * The share of `count` lookups, all begun at once, that find the living honest node nearest to their point (or, with `truth`, the
 * nearest of these), the seeker itself included where it is the nearest. A node that leaves meanwhile need not be found, and a
 * lookup whose seeker leaves counts neither way.
 */
export async function lookupSuccess(
  subject: Subject,
  count: number,
  seekers = subject.honest(),
  truth = subject.honestOrder(),
): Promise<number> {
  const watch = { isOver: false }
  const outcomes = await subject.until(
    Array.from({ length: count }, () => {
      const seeker = subject.randomOf(seekers)
      return Promise.race([finds(subject, seeker, subject.randomPoint(), truth), left(subject, seeker, watch)])
    }),
  )
  watch.isOver = true
  const seen = outcomes.filter((outcome) => outcome !== undefined)
  return seen.filter(Boolean).length / seen.length
}

async function finds(subject: Subject, seeker: number, point: Point, truth: IdOrder): Promise<boolean> {
  const nearest = truth.nearest(point, NEAREST)
  const region = await subject.region(seeker, point)
  const wanted = nearest.find(({ id }) => subject.isUp(id))
  return region?.members.some(({ id }) => id === wanted?.id) ?? false
}

/** Settles when the process that a node has now is gone, and what it was doing will never end. */
async function left({ world }: Subject, node: number, watch: { readonly isOver: boolean }): Promise<undefined> {
  const process = world.process(node)
  while (world.process(node) === process && !watch.isOver) await world.clock.sleep(WATCH_MS)
  return undefined
}

/** The share of the `count` living honest nodes nearest to the point that a region names. */
export function honestReach(region: Region | undefined, point: Point, truth: IdOrder, count: number): number {
  const members = new Set(region?.members.map(({ id }) => id))
  return truth.nearest(point, count).filter(({ id }) => members.has(id)).length / count
}
