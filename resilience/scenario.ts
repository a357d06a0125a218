/**
 * What the suite measures: scenarios, each of lines of the table. A line has its parameters, the published figure it stands beside and
 * the target it must reach. Lines that need the same world are measured together in one.
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
  /** Later lines of the scenario, along its chart's x axis, must not fall below (or rise above) earlier ones. */
  | { readonly along: 'never falls' | 'never rises' | 'falls' }
  | 'reproduces'
  /** Shown for comparison; nothing is promised. */
  | 'none'

/** How a number is to be read: a share of the size's trials, a share of something else, or what is no share at all. */
export type Unit = 'share' | 'part' | 'ratio'

export interface Size {
  /** Nodes of the simulated network. */
  readonly nodes: number
  /** How often a single seed repeats what it counts: lookups, objects. */
  readonly trials: number
}

export type Parameters = Readonly<Record<string, string | number>>

/** One line of the table. */
export interface Line {
  readonly parameters: Parameters
  readonly baseline?: Published
  readonly target: Target
  /** In place of `target` in a quick run, for what a network of its size cannot show. */
  readonly quickTarget?: Target
  /** In place of the scenario's. */
  readonly unit?: Unit
}

/** Lines that are measured in one and the same world. */
export interface Group {
  readonly lines: readonly Line[]
  /** True for what does not fit a quick run. */
  readonly largerThanQuick?: boolean
  /** A value for each line, in their order: the same for the same seed and size, whatever else the process does. */
  measure(seed: number, size: Size): Promise<readonly number[]>
}

/** A line with a world of its own. */
export interface Case extends Line {
  readonly largerThanQuick?: boolean
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
  /** The parameter that tells the curves apart; absent for a single one. */
  readonly series?: string
  /** Only lines with these parameters are drawn; all when absent. */
  readonly of?: Parameters
  readonly logX?: boolean
  readonly logY?: boolean
}

export interface Scenario {
  /** As in the list of attacks in docs/resilience.md; `R-` before a baseline that is run by its own rules. */
  readonly id: string
  readonly title: string
  /** What is promised, in a sentence for somebody who does not know the field. */
  readonly promise?: string
  /** What is measured, by which rules, and from which source: a paragraph for the document. */
  readonly rules: string
  readonly unit: Unit
  /** Sizes of a full and of a quick run. A baseline keeps the size of its publication in both, so `nodes` may be fixed. */
  readonly full: Size
  readonly quick: Size
  /** Seeds of a full run where 20 would not fit in a night; the suite's default when absent. */
  readonly seedCount?: number
  /** Seeds of a quick run; one when absent. */
  readonly quickSeedCount?: number
  /** True when `--nodes` does not apply, since the published figure is for one size. */
  readonly fixedSize?: boolean
  readonly cases: readonly (Case | Group)[]
  readonly charts?: readonly Chart[]
}
