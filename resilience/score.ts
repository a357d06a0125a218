/** From measurements to scores: the median over the seeds, its interval, and whether the target is met. */
import { present } from '../src/base/assert.ts'
import { median, medianInterval, overlap, shareInterval, SEEDS_FOR_RANKS, type Interval } from './interval.ts'
import { caseOf, jobKey, type Entry } from './plan.ts'
import type { Measurement } from './pool.ts'
import type { Case, Scenario, Target } from './scenario.ts'

export interface Score {
  readonly scenario: Scenario
  readonly case: Case
  readonly nodes: number
  readonly trials: number
  readonly seedCount: number
  /** Median over the seeds. */
  readonly measured: number
  /** 95 % interval of the median. */
  readonly low: number
  readonly high: number
  /** Undefined where nothing is promised. */
  readonly met: boolean | undefined
}

export function scored(entries: readonly Entry[], measured: ReadonlyMap<string, Measurement>): readonly Score[] {
  const scores: Score[] = []
  for (const entry of entries) {
    const before = scores.filter(({ scenario }) => scenario === entry.scenario)
    scores.push(scoreOf(entry, measured, before))
  }
  return scores
}

/** A target in words: `>= 0.999`. */
export function targetText(target: Target, unit: Scenario['unit']): string {
  if (target === 'none') return ''
  if (target === 'reproduces') return 'as published'
  if ('atLeast' in target) return `>= ${numberText(target.atLeast, unit)}`
  if ('atMost' in target) return `<= ${numberText(target.atMost, unit)}`
  return target.along
}

/** A share as a percentage that shows its distance from 0 and 1, anything else with three figures. */
export function numberText(value: number, unit: Scenario['unit']): string {
  if (unit !== 'share') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)))
  const percent = 100 * value
  if (percent !== 0 && Math.abs(percent) < 0.1) return value.toExponential(1)
  return `${Number(percent.toFixed(percent > 99 && percent < 100 ? 2 : 1))} %`
}

function scoreOf(entry: Entry, measured: ReadonlyMap<string, Measurement>, before: readonly Score[]): Score {
  const { scenario, caseIndex, size, seeds } = entry
  const values = seeds.map(
    (seed) => present(measured.get(jobKey({ scenarioId: scenario.id, caseIndex, seed })), `seed ${seed}`).value,
  )
  const each = caseOf(entry)
  const middle = median(values)
  const interval = intervalOf(values, scenario.unit, size.trials)
  return {
    scenario,
    case: each,
    nodes: size.nodes,
    trials: size.trials,
    seedCount: seeds.length,
    measured: middle,
    ...interval,
    met: isMet(each, { middle, ...interval }, before),
  }
}

/** By ranks; with too few seeds for these, the sampling error of all that was counted, for a share, or the range. */
function intervalOf(values: readonly number[], unit: Scenario['unit'], trials: number): Interval {
  const ranked = medianInterval(values)
  if (values.length >= SEEDS_FOR_RANKS || unit !== 'share') return ranked
  const count = trials * values.length
  const sampled = shareInterval(Math.round(values.reduce((sum, value) => sum + value * trials, 0)), count)
  return { low: Math.min(ranked.low, sampled.low), high: Math.max(ranked.high, sampled.high) }
}

function isMet(
  { target, baseline, parameters }: Case,
  { middle, low, high }: { readonly middle: number; readonly low: number; readonly high: number },
  before: readonly Score[],
): boolean | undefined {
  if (target === 'none') return undefined
  if (target === 'reproduces') return overlap({ low, high }, present(baseline, 'what is reproduced has been published'))
  if ('atLeast' in target) return middle >= target.atLeast
  if ('atMost' in target) return middle <= target.atMost
  const previous = before.findLast((score) => isSameSeries(score, parameters))
  if (previous === undefined) return undefined
  if (target.along === 'never falls') return high >= previous.low
  if (target.along === 'never rises') return low <= previous.high
  return middle < previous.measured
}

/** Whether an earlier case differs from these parameters only along the chart's x axis. */
function isSameSeries({ scenario, case: earlier }: Score, parameters: Case['parameters']): boolean {
  const series = scenario.chart?.series
  return series === undefined || earlier.parameters[series] === parameters[series]
}
