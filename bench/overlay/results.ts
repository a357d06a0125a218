/** What the benchmark of overlays finds out: one flat record for each figure or group of figures, so that each is one line of JSON. */

/** What the process, that is all nodes together, took from the machine while something was done. */
export interface Usage {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Resident at the end of it. */
  readonly rssMib: number
}

export type Result =
  | ({ readonly kind: 'start'; readonly title: string; readonly nodes: number } & Usage)
  | ({ readonly kind: 'settled'; readonly afterSeconds: number; readonly recall: number } & Usage)
  | ({ readonly kind: 'idle' } & Usage)
  | ({
      readonly kind: 'lookups'
      readonly way: string
      /** Measured a little, for comparison. */
      readonly aside: boolean
      readonly concurrency: number
    } & Lookups &
      Usage)
  | { readonly kind: 'far'; readonly delayMs: number; readonly medianMs: number; readonly roundTrips: number }
  | ({ readonly kind: 'second'; readonly second: number } & Lookups)
  /** `recoveredSecond` is the first from which on recall stays at 0.99 or above. */
  | ({ readonly kind: 'killed'; readonly nodes: number; readonly recoveredSecond: number | undefined } & Usage)

/** Many lookups taken together. */
export interface Lookups {
  readonly count: number
  /** Lookups that ended with an error or not in time; they have found nothing. */
  readonly failed: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly p99Ms: number
  /** Median of the processor time that the process took while each was under way. */
  readonly medianCpuMs: number
  /** Share of the true nearest that were found, over all lookups. */
  readonly recall: number
  /** Requests to other nodes for each lookup. */
  readonly requests: number
  /** Share of lookups that asked nobody, because the node knew. */
  readonly known: number
  /** Median of those that asked somebody. */
  readonly askedMedianMs: number | undefined
}

/** One lookup. */
export interface Sample {
  readonly startedMs: number
  readonly ms: number
  readonly cpuMs: number
  readonly recall: number
  readonly requestCount: number
  readonly failed: boolean
}

/** `samples` are not empty. */
export function summary(samples: readonly Sample[]): Lookups {
  const times = ascending(samples.map(({ ms }) => ms))
  const asked = samples.filter(({ requestCount }) => requestCount > 0)
  return {
    count: samples.length,
    failed: samples.filter(({ failed }) => failed).length,
    medianMs: quantile(times, 0.5),
    p90Ms: quantile(times, 0.9),
    p99Ms: quantile(times, 0.99),
    medianCpuMs: quantile(ascending(samples.map(({ cpuMs }) => cpuMs)), 0.5),
    recall: mean(samples.map(({ recall }) => recall)),
    requests: mean(samples.map(({ requestCount }) => requestCount)),
    known: 1 - asked.length / samples.length,
    askedMedianMs: asked.length === 0 ? undefined : quantile(ascending(asked.map(({ ms }) => ms)), 0.5),
  }
}

/** The smallest of the ascending values that so large a share of all does not exceed. */
function quantile(values: readonly number[], share: number): number {
  return values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN
}

function ascending(values: number[]): readonly number[] {
  return values.sort((a, b) => a - b)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
