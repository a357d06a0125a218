/** What is measured with which seeds and sizes, as jobs that can run anywhere in any order. */
import { present } from '../src/base/assert.ts'
import type { Case, Group, Scenario, Size } from './scenario.ts'

export interface PlanOptions {
  readonly quick: boolean
  /** Replaces the size of every scenario that has no fixed one. */
  readonly nodes?: number
  /** Replaces every scenario's number of seeds. */
  readonly seedCount?: number
  /** Ids of the scenarios to run; all when absent. */
  readonly only?: readonly string[]
}

/** One group of lines to be measured, with its seeds. */
export interface Entry {
  readonly scenario: Scenario
  readonly groupIndex: number
  readonly size: Size
  readonly seeds: readonly number[]
}

/** One measurement as it is sent to another process. */
export interface Job {
  readonly scenarioId: string
  readonly groupIndex: number
  readonly seed: number
  readonly size: Size
}

const SEEDS_FULL = 20
const SEEDS_QUICK = 1

/** Throws when `only` names a scenario that there is not. */
export function planned(scenarios: readonly Scenario[], options: PlanOptions): readonly Entry[] {
  const unknown = options.only?.find((id) => scenarios.every((scenario) => scenario.id !== id))
  if (unknown !== undefined) {
    throw new Error(`there is no scenario ${unknown}; there are ${scenarios.map(({ id }) => id).join(', ')}`)
  }
  return scenarios
    .filter(({ id }) => options.only?.includes(id) ?? true)
    .flatMap((scenario) => {
      const size = sizeOf(scenario, options)
      const seeds = Array.from({ length: seedCountOf(scenario, options) }, (_, i) => i + 1)
      return scenario.cases
        .map((each, groupIndex) => ({ each, entry: { scenario, groupIndex, size, seeds } }))
        .filter(({ each }) => !options.quick || each.largerThanQuick !== true)
        .map(({ entry }) => entry)
    })
}

export function jobsOf(entries: readonly Entry[]): readonly Job[] {
  return entries.flatMap(({ scenario, groupIndex, size, seeds }) =>
    seeds.map((seed) => ({ scenarioId: scenario.id, groupIndex, seed, size })),
  )
}

/** The lines that an entry measures; one that has a world of its own is a group of one. */
export function groupOf({ scenario, groupIndex }: Pick<Entry, 'scenario' | 'groupIndex'>): Group {
  const each = present(scenario.cases[groupIndex], `case ${groupIndex} of ${scenario.id}`)
  return 'lines' in each ? each : alone(each)
}

/** Tells measurements apart: the same for the same job on either side of a process border. */
export function jobKey({ scenarioId, groupIndex, seed }: Omit<Job, 'size'>): string {
  return `${scenarioId}/${groupIndex}/${seed}`
}

function alone(line: Case): Group {
  return { lines: [line], measure: async (seed, size) => [await line.measure(seed, size)] }
}

function sizeOf(scenario: Scenario, { quick, nodes }: PlanOptions): Size {
  const size = quick ? scenario.quick : scenario.full
  return nodes === undefined || scenario.fixedSize === true ? size : { ...size, nodes }
}

function seedCountOf(scenario: Scenario, { quick, seedCount }: PlanOptions): number {
  return seedCount ?? (quick ? (scenario.quickSeedCount ?? SEEDS_QUICK) : (scenario.seedCount ?? SEEDS_FULL))
}
