/** Medians and intervals: of a median over seeds by order statistics, of a share by Wilson's score; and how likely a count is. */
import { assert, present } from '../src/base/assert.ts'

export interface Interval {
  readonly low: number
  readonly high: number
}

const Z_95 = 1.959964
const TAIL = 0.025
/** Fewer values have no 95 % interval by ranks: that all lie on one side of the median has probability 2^(1-n). */
export const SEEDS_FOR_RANKS = 6

export function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median is of something')
  const sorted = ascending(values)
  const upper = present(sorted[sorted.length >> 1], 'the upper middle')
  return sorted.length % 2 === 1 ? upper : (upper + present(sorted[(sorted.length >> 1) - 1], 'the lower middle')) / 2
}

export function mean(values: readonly number[]): number {
  assert(values.length > 0, 'a mean is of something')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * A 95 % interval of the median, free of assumptions about the distribution: between the r-th smallest and the r-th largest
 * value, r as large as the binomial of n fair coins allows. Below 6 values there is no such r, and the range of all is given.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = ascending(values)
  const rank = medianRank(sorted.length)
  return {
    low: present(sorted[rank - 1], 'the r-th smallest'),
    high: present(sorted[sorted.length - rank], 'the r-th largest'),
  }
}

/** Wilson's 95 % interval (1927) of a share that was seen `hits` times in `count`. */
export function shareInterval(hits: number, count: number): Interval {
  assert(count > 0 && hits >= 0 && hits <= count, 'hits are among those counted')
  const share = hits / count
  const z2 = Z_95 ** 2 / count
  const middle = share + z2 / 2
  const half = Z_95 * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count))
  return {
    low: hits === 0 ? 0 : (middle - half) / (1 + z2),
    high: hits === count ? 1 : (middle + half) / (1 + z2),
  }
}

/** The chance that of `count` tries, each of which succeeds with chance `share`, at most `hits` do. */
export function chanceOfAtMost(hits: number, count: number, share: number): number {
  if (hits >= count || share <= 0) return 1
  if (share >= 1) return 0
  // Logarithms, since the first terms are far below the smallest double.
  let logTerm = count * Math.log1p(-share)
  let chance = Math.exp(logTerm)
  for (let k = 1; k <= hits; k++) {
    logTerm += Math.log((count - k + 1) / k) + Math.log(share / (1 - share))
    chance += Math.exp(logTerm)
  }
  return Math.min(1, chance)
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high
}

/** The largest r with P(fewer than r heads in n throws) <= 2.5 %; at least 1. */
function medianRank(count: number): number {
  let probability = 0.5 ** count
  let below = probability
  let rank = 0
  while (below <= TAIL) {
    rank++
    probability *= (count - rank + 1) / rank
    below += probability
  }
  return Math.max(1, rank)
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}
