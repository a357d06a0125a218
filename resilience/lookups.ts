/** Lookups of random points by random honest nodes, judged by the truth: the measure that most scenarios share. */
import type { Point } from '../src/base/id.ts'
import type { Region } from '../src/overlay/region.ts'
import type { IdOrder } from '../src/sim/idOrder.ts'
import type { Subject } from './subject.ts'

/**
 * The share of `count` lookups, all begun at once, that find the living honest node nearest to their point (or, with `truth`, the
 * nearest of these), the seeker itself included where it is the nearest.
 */
export async function lookupSuccess(
  subject: Subject,
  count: number,
  seekers = subject.honest(),
  truth = subject.honestOrder(),
): Promise<number> {
  const outcomes = await subject.until(
    Array.from({ length: count }, () => finds(subject, subject.randomOf(seekers), subject.randomPoint(), truth)),
  )
  return outcomes.filter(Boolean).length / count
}

async function finds(subject: Subject, seeker: number, point: Point, truth: IdOrder): Promise<boolean> {
  const [wanted] = truth.nearest(point, 1)
  const region = await subject.region(seeker, point)
  return region?.members.some(({ id }) => id === wanted?.id) ?? false
}

/** The share of the `count` living honest nodes nearest to the point that a region names. */
export function honestReach(region: Region | undefined, point: Point, truth: IdOrder, count: number): number {
  const members = new Set(region?.members.map(({ id }) => id))
  return truth.nearest(point, count).filter(({ id }) => members.has(id)).length / count
}
