/** From measurements to scores: the median over the seeds, its interval, and whether the target is met. */
import { present } from '../src/base/assert.ts'
import { mean, median, medianInterval, shareInterval, SEEDS_FOR_RANKS, type Interval } from './interval.ts'
import { isMet, targetOf, type Outcome } from './judge.ts'
import { groupOf, jobKey, type Entry } from './plan.ts'
import type { Measurement } from './pool.ts'
import type { Chart, Line, Parameters, Scenario, Target, Unit } from './scenario.ts'

export interface Score {
  readonly scenario: Scenario
  readonly line: Line
  /** The one that counts in this run. */
  readonly target: Target
  readonly nodes: number
  readonly trials: number
  readonly seedCount: number
  readonly outcome: Outcome
  /** Undefined where nothing is promised. */
  readonly met: boolean | undefined
}

export interface ScoreOptions {
  readonly quick: boolean
}

export function scored(
  entries: readonly Entry[],
  measured: ReadonlyMap<string, Measurement>,
  { quick }: ScoreOptions,
): readonly Score[] {
  const scores: Score[] = []
  for (const entry of entries) {
    groupOf(entry).lines.forEach((line, nth) => {
      const { scenario, size, seeds } = entry
      const outcome = outcomeOf(line, valuesOf(entry, nth, measured), entry)
      const previous = scores.findLast((score) => score.scenario === scenario && precedes(score, line))?.outcome
      scores.push({
        scenario,
        line,
        target: targetOf(line, quick),
        ...size,
        seedCount: seeds.length,
        outcome,
        met: isMet(line, outcome, { quick, previous }),
      })
    })
  }
  return scores
}

/** A target in words: `>= 0.999`. */
export function targetText(target: Target, unit: Unit): string {
  if (target === 'none') return ''
  if (target === 'reproduces') return 'as published'
  if ('atLeast' in target) return `>= ${numberText(target.atLeast, unit)}`
  if ('atMost' in target) return `<= ${numberText(target.atMost, unit)}`
  return target.along
}

/** A share as a percentage that shows its distance from 0 and 1, anything else with three figures. */
export function numberText(value: number, unit: Unit): string {
  if (unit === 'ratio') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)))
  const percent = 100 * value
  if (percent !== 0 && Math.abs(percent) < 0.1) return value.toExponential(1)
  return `${Number(percent.toFixed(percent > 99 && percent < 100 ? 2 : 1))} %`
}

export function parametersText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => (typeof value === 'string' ? value : `${name} ${value}`))
    .join(', ')
}

/** Whether a chart draws a line. */
export function draws(chart: Chart, { parameters }: Line): boolean {
  return chart.x in parameters && Object.entries(chart.of ?? {}).every(([name, value]) => parameters[name] === value)
}

function valuesOf(
  { scenario, groupIndex, seeds }: Entry,
  nth: number,
  measured: ReadonlyMap<string, Measurement>,
): readonly number[] {
  return seeds.map((seed) => {
    const key = jobKey({ scenarioId: scenario.id, groupIndex, seed })
    return present(present(measured.get(key), key).values[nth], `line ${nth} of ${key}`)
  })
}

function outcomeOf(line: Line, values: readonly number[], { scenario, size }: Entry): Outcome {
  const unit = line.unit ?? scenario.unit
  const tries = size.trials * values.length
  return { unit, tries, median: median(values), mean: mean(values), ...intervalOf(values, unit, tries) }
}

/** By ranks; with too few seeds for these, the sampling error of all that was counted, for a share, or the range. */
function intervalOf(values: readonly number[], unit: Unit, tries: number): Interval {
  const ranked = medianInterval(values)
  if (values.length >= SEEDS_FOR_RANKS || unit !== 'share') return ranked
  const sampled = shareInterval(Math.round(mean(values) * tries), tries)
  return { low: Math.min(ranked.low, sampled.low), high: Math.max(ranked.high, sampled.high) }
}

/** Whether an earlier line differs from this one only along the x axis of a chart that draws both. */
function precedes({ scenario, line: earlier }: Score, line: Line): boolean {
  const chart = scenario.charts?.find((each) => draws(each, earlier) && draws(each, line))
  return (
    chart !== undefined &&
    Object.entries(line.parameters).every(([name, value]) => name === chart.x || earlier.parameters[name] === value)
  )
}
