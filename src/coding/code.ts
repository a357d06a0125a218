/** Choosing a code: how many fragments a segment of some size needs, and how many are made so that it survives a loss. */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/failure.ts'
import type { Code } from '../ports/coder.ts'
import { isNeeded, NEEDED_MAX, SEGMENT_BYTES_MAX, SMALL_FRAGMENT_BYTES, TOTAL_MAX } from './limits.ts'

/** A stripe is lost at most this often when the share of nodes it is meant to survive vanishes at once. */
export const LOSS_PROBABILITY_MAX = 1e-6

/** The code for a segment of `segmentBytes` that survives the share `survive` of all nodes; see {@link totalFor}. */
export function codeFor(segmentBytes: number, survive: number): Code {
  const needed = neededFor(segmentBytes)
  return { needed, total: totalFor(needed, survive) }
}

/** The fewest fragments of at most 4 KiB that hold the segment, as a power of two up to 64. */
export function neededFor(segmentBytes: number): number {
  assert(segmentBytes >= 0 && segmentBytes <= SEGMENT_BYTES_MAX, 'a segment has 0 bytes .. 16 MiB')
  let needed = 1
  while (needed < NEEDED_MAX && needed * SMALL_FRAGMENT_BYTES < segmentBytes) needed *= 2
  return needed
}

/**
 * The smallest total of which, after each fragment is lost with probability `survive`, fewer than `needed` are left with
 * probability 1e-6 at most. Throws `invalid` when not even 256 fragments survive that, or when `survive` is not in 0 .. 1.
 */
export function totalFor(needed: number, survive: number): number {
  assert(isNeeded(needed), 'needed is a power of two up to 64')
  if (!(survive >= 0 && survive <= 1))
    throw new Failure('invalid', 'the share of nodes to survive lies between 0 and 1')
  if (!survives(needed, TOTAL_MAX, survive)) throw tooLarge(needed, survive)
  return smallestWhere(needed, TOTAL_MAX, (total) => survives(needed, total, survive))
}

/**
 * How likely it is that fewer than `needed` of `total` fragments are left when each is lost with probability `share`: the
 * lower tail of the binomial distribution. Terms are formed by logarithms, so that tails far below 1e-16 are right too.
 */
export function lossProbability({ needed, total }: Code, share: number): number {
  if (share <= 0) return needed > total ? 1 : 0
  if (share >= 1) return needed > 0 ? 1 : 0
  let probability = 0
  let logCombinations = 0
  for (let left = 0; left < needed && left <= total; left++) {
    probability += Math.exp(logCombinations + left * Math.log1p(-share) + (total - left) * Math.log(share))
    logCombinations += Math.log((total - left) / (left + 1))
  }
  return Math.min(1, probability)
}

function survives(needed: number, total: number, share: number): boolean {
  return lossProbability({ needed, total }, share) <= LOSS_PROBABILITY_MAX
}

function tooLarge(needed: number, survive: number): Failure {
  const percent = smallestWhere(0, 100, (value) => !survives(needed, TOTAL_MAX, value / 100)) - 1
  const message = `no ${String(TOTAL_MAX)} fragments of which ${String(needed)} rebuild the segment survive the loss of ${String(survive)} of all nodes; at most ${String(percent / 100)} can be asked for`
  return new Failure('invalid', message, { details: { needed, survive, surviveMax: percent / 100 } })
}

/** The first of low .. high for which `holds`, which is false below it and true from it on. */
function smallestWhere(low: number, high: number, holds: (value: number) => boolean): number {
  let [from, to] = [low, high]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (holds(middle)) to = middle
    else from = middle + 1
  }
  return from
}
