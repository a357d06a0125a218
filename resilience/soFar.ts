/**
 * What has been measured so far, on one commit or on several: a scenario whose code has not changed since need not be run again, as
 * long as the document says of which commit its figures are.
 */
import { jobKey, jobsOf, type Entry, type Job } from './plan.ts'
import type { Measurement } from './pool.ts'
import { RunLog, type Measured } from './runLog.ts'

export interface SoFar {
  /** What was planned, with as many seeds as there are. */
  readonly entries: readonly Entry[]
  /** By {@link jobKey}. */
  readonly measurements: ReadonlyMap<string, Measurement>
  /** By id of the scenario. */
  readonly commits: ReadonlyMap<string, string>
}

/** Of each scenario the measurements of the first of `commits` that has any: never those of two. */
export function measuredSoFar(
  entries: readonly Entry[],
  commits: readonly string[],
  namesOf: (job: Job) => Measured,
): SoFar {
  const logs = commits.map((commit) => {
    const log = new RunLog(commit)
    log.load()
    return { commit, find: (job: Job) => log.find(namesOf(job)) }
  })
  const measurements = new Map<string, Measurement>()
  const chosen = new Map<string, string>()
  const found = entries.map((entry) => {
    const ofScenario = entries.filter(({ scenario }) => scenario === entry.scenario)
    const log = logs.find(({ find }) => jobsOf(ofScenario).some((job) => find(job) !== undefined))
    const jobs = jobsOf([entry]).filter((job) => {
      const measurement = log?.find(job)
      if (measurement !== undefined) measurements.set(jobKey(job), measurement)
      return measurement !== undefined
    })
    if (log !== undefined) chosen.set(entry.scenario.id, log.commit)
    return { ...entry, seeds: jobs.map(({ seed }) => seed) }
  })
  return { entries: found.filter(({ seeds }) => seeds.length > 0), measurements, commits: chosen }
}
