/**
 * How many nodes the network has, from how densely they lie: of n points spread evenly, the k-th nearest to any place is at k/n of
 * the space on average. One place is off by a quarter, so several are averaged, but only those that are within a factor of two of the
 * median: places that somebody crowds with ids of his choice do not move the estimate while they are fewer than half.
 */
import { present } from '../base/assert.ts'
import { distanceFraction, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { REGION_SIZE, SIZE_SAMPLES } from './limits.ts'

/** Lookups of targets that share so many digits are one sample. */
const PLACE_DIGITS = 2
/** By chance a place is off by more than this once in ten thousand. */
const FACTOR_MAX = 2

export class SizeEstimate {
  /** By place, the oldest first. */
  private readonly samples = new Map<string, number>()

  get sampleCount(): number {
    return this.samples.size
  }

  /**
   * A lookup of a point that this node has drawn has met these, nearest first. Never of one that somebody else chose: who knows what
   * will be looked up can crowd more than half of the places.
   */
  onLookup(target: Point, closest: readonly Contact[]): void {
    const sample = densityAround(target, closest)
    if (sample === undefined) return
    const place = target.slice(0, PLACE_DIGITS)
    this.samples.delete(place)
    this.samples.set(place, sample)
    for (const oldest of this.samples.keys()) {
      if (this.samples.size <= SIZE_SAMPLES) break
      this.samples.delete(oldest)
    }
  }

  /** This node included. `self` and `neighbours`, nearest first, are one more place; `known` nodes there are at the least. */
  value(self: Point, neighbours: readonly Contact[], known: number): number {
    const own = densityAround(self, neighbours)
    const samples = own === undefined ? [...this.samples.values()] : [...this.samples.values(), own]
    if (samples.length === 0) return known
    return Math.max(known, Math.round(1 + meanNearMedian(samples)))
  }
}

function densityAround(target: Point, nearest: readonly Contact[]): number | undefined {
  const last = nearest[REGION_SIZE - 1]
  return last === undefined ? undefined : (REGION_SIZE - 1) / distanceFraction(target, last.id)
}

/** The mean of those that are not far from the median. */
function meanNearMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  // Of two in the middle the lower: crowds only ever look like larger networks.
  const median = present(sorted[(sorted.length - 1) >> 1], 'a sample')
  const near = sorted.filter((value) => value >= median / FACTOR_MAX && value <= median * FACTOR_MAX)
  return near.reduce((sum, value) => sum + value, 0) / near.length
}
