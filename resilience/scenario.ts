/**
 * What the suite measures: scenarios made of cases. A case is one line of the table: its parameters, the published figure it
 * stands beside, the target it must reach, and a function that measures it for one seed.
 */

/** A published figure with the range that its own source leaves open: its rounding, or the sampling error of its data. */
export interface Published {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** What the measured median must do. `reproduces`: its interval and that of the published figure must overlap. */
export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  /** Later cases of the scenario, along its chart's x axis, must not fall below (or rise above) earlier ones. */
  | { readonly along: 'never falls' | 'never rises' | 'falls' }
  | 'reproduces'
  /** Shown for comparison; nothing is promised. */
  | 'none'

export interface Size {
  /** Nodes of the simulated network. */
  readonly nodes: number
  /** How often a single seed repeats what it counts: lookups, objects. */
  readonly trials: number
}

export type Parameters = Readonly<Record<string, string | number>>

export interface Case {
  readonly parameters: Parameters
  readonly baseline?: Published
  readonly target: Target
  /** True for a case that does not fit a quick run. */
  readonly largerThanQuick?: boolean
  /** The same number for the same seed and size, whatever else the process does. */
  measure(seed: number, size: Size): Promise<number>
}

export interface Chart {
  /** The file below docs/, without its ending. */
  readonly name: string
  readonly title: string
  /** The parameter along the x axis. */
  readonly x: string
  readonly xLabel: string
  readonly yLabel: string
  /** The parameter that tells the lines apart; absent for a single line. */
  readonly series?: string
  readonly logX?: boolean
  readonly logY?: boolean
}

export interface Scenario {
  /** As in the list of attacks in docs/resilience.md; `R-` before a baseline that is run by its own rules. */
  readonly id: string
  readonly title: string
  /** What is measured, by which rules, and from which source: a paragraph for the document. */
  readonly rules: string
  /** How the numbers are to be read. */
  readonly unit: 'share' | 'count' | 'ratio'
  /** Sizes of a full and of a quick run. A baseline keeps the size of its publication in both, so `nodes` may be fixed. */
  readonly full: Size
  readonly quick: Size
  /** Seeds of a full run where 20 would not fit in a night; the suite's default when absent. */
  readonly seedCount?: number
  /** Seeds of a quick run; one when absent. */
  readonly quickSeedCount?: number
  /** True when `--nodes` does not apply, since the published figure is for one size. */
  readonly fixedSize?: boolean
  readonly cases: readonly Case[]
  readonly chart?: Chart
}
