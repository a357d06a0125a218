/**
 * Whether a line keeps what it promises. In a full run a bound must hold for the median over the seeds and, where tries are counted,
 * for all of them together, so that a few bad seeds do not hide behind many good ones. A quick run counts few tries in a small
 * network: there a bound is missed when so many tries would go wrong by chance in fewer than one run of a hundred.
 */
import { present } from '../src/base/assert.ts'
import { chanceOfAtMost, overlap, type Interval } from './interval.ts'
import type { Line, Target, Unit } from './scenario.ts'

/** What the seeds gave for one line. */
export interface Outcome extends Interval {
  readonly median: number
  readonly mean: number
  readonly unit: Unit
  /** Tries over all seeds. */
  readonly tries: number
}

export interface JudgeOptions {
  readonly quick: boolean
  /** The line's neighbour on the chart's x axis, the one before it; undefined for the first. */
  readonly previous: Outcome | undefined
}

const BY_CHANCE = 0.01

export function targetOf(line: Line, quick: boolean): Target {
  return (quick ? line.quickTarget : undefined) ?? line.target
}

/** Undefined where nothing is promised. */
export function isMet(line: Line, outcome: Outcome, { quick, previous }: JudgeOptions): boolean | undefined {
  const target = targetOf(line, quick)
  if (target === 'none') return undefined
  if (target === 'reproduces') return overlap(outcome, present(line.baseline, 'what is reproduced has been published'))
  if ('atLeast' in target) return reaches(target.atLeast, outcome, quick)
  if ('atMost' in target) return reaches(1 - target.atMost, complement(outcome), quick)
  if (previous === undefined) return undefined
  if (target.along === 'never falls') return outcome.high >= previous.low
  if (target.along === 'never rises') return outcome.low <= previous.high
  return quick ? outcome.low < previous.high : outcome.median < previous.median
}

function reaches(bound: number, { median, mean, unit, tries }: Outcome, quick: boolean): boolean {
  if (unit !== 'share') return median >= bound
  if (!quick) return median >= bound && mean >= bound
  return chanceOfAtMost(Math.round(mean * tries), tries, bound) >= BY_CHANCE
}

/** What goes wrong instead of what goes right, or for numbers that are no shares, 1 minus them: bounds from above become bounds from below. */
function complement(outcome: Outcome): Outcome {
  return { ...outcome, median: 1 - outcome.median, mean: 1 - outcome.mean }
}
