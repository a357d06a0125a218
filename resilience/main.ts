/**
 * The resilience suite: measures every registered scenario over its seeds in parallel processes, prints one table with published
 * figures beside ours, and after a full run writes docs/resilience.md with its curves. Progress goes to standard error. Fails when a
 * target is missed that resilience/known.ts does not list.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { argv, exit, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { writeDocument } from './document.ts'
import { knownMissOf } from './known.ts'
import { groupOf, jobKey, jobsOf, planned, type Job, type PlanOptions } from './plan.ts'
import { measureAll, type Measurement } from './pool.ts'
import { jsonLine, tableLines } from './report.ts'
import { RunLog, type Measured } from './runLog.ts'
import { parametersText, scored, type Score } from './score.ts'
import { scenarios } from './scenarios/all.ts'
import { measuredSoFar } from './soFar.ts'

const USAGE = `usage: npm run resilience -- [options]

  --quick          every scenario in small networks, about a minute of work
  --only A4,R-A5   some scenarios
  --nodes n        networks of another size
  --seeds n        so many seeds of each: 1, 2, 3 and so on
  --jobs n         so many processes side by side; one for each core by default
  --resume         go on where a run of this commit stopped
  --so-far         measure nothing: what runs of this commit have measured, with as many seeds as they have
  --commits a,b    with --so-far: of each scenario what runs of the first of these commits that has any have measured
  --json           a line of JSON for each line of the table
  --write          write docs/resilience.md and its charts, as a full run does
`

/** What the numbers depend on: measurements are kept for a commit only as long as nothing here differs from it. */
const MEASURED_FOLDERS = ['src', 'resilience']

interface Options extends PlanOptions {
  readonly json: boolean
  readonly write: boolean
  readonly resume: boolean
  readonly soFar: boolean
  /** Names as the run log has them; those of the commit itself when absent. */
  readonly commits?: readonly string[]
  readonly parallel: number
}

interface Commit {
  /** Short, and marked when the code differs from it. */
  readonly name: string
  readonly isClean: boolean
}

try {
  const isKept = await main(parsed(argv.slice(2)))
  process.exitCode = isKept ? 0 : 1
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  exit(1)
}

/** True when every target is met, but for those known to be missed. */
async function main(options: Options): Promise<boolean> {
  const commit = currentCommit()
  const startMs = performance.now()
  const entries = planned(scenarios, options)
  const soFar = options.soFar ? measuredSoFar(entries, options.commits ?? [commit.name], namesOf) : undefined
  const scores =
    soFar === undefined
      ? scored(entries, await measured(jobsOf(entries), options, commit), options)
      : scored(soFar.entries, soFar.measurements, options)
  const commitOf = (id: string): string => soFar?.commits.get(id) ?? commit.name
  const lines = options.json ? scores.map((score) => jsonLine(score, commitOf(score.scenario.id))) : tableLines(scores)
  stdout.write(`${lines.join('\n')}\n`)
  if (options.write) writeDocument(scores, scenarios, { commit: commit.name, commitOf, command: commandText() })
  const surprises = scores.filter((score) => score.met === false && knownMissOf(score) === undefined)
  const known = scores.filter((score) => score.met === false).length - surprises.length
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
  stderr.write(
    `${scores.length} lines, ${surprises.length} missed, ${known} more known to be, commit ${commit.name}, ${seconds} s\n`,
  )
  // What is missed at full size may be met in a small network.
  for (const score of options.quick ? [] : scores.filter(isKnownButMet)) {
    stderr.write(
      `${score.scenario.id}, ${parametersText(score.line.parameters)}: met, though known.ts says it is missed\n`,
    )
  }
  return surprises.length === 0
}

function isKnownButMet(score: Score): boolean {
  return score.met === true && knownMissOf(score) !== undefined
}

/** By {@link jobKey}, those of earlier runs included when the run is resumed. */
async function measured(
  jobs: readonly Job[],
  options: Options,
  commit: Commit,
): Promise<ReadonlyMap<string, Measurement>> {
  if (options.resume && !commit.isClean) {
    throw new Error(
      '--resume: files of src/ or resilience/ differ from the commit, so what is kept for it may be of other code',
    )
  }
  const log = commit.isClean ? new RunLog(commit.name) : undefined
  if (options.resume) log?.load()
  const all = new Map<string, Measurement>()
  const open: Job[] = []
  for (const job of jobs) {
    const kept = log?.find(namesOf(job))
    if (kept === undefined) open.push(job)
    else all.set(jobKey(job), kept)
  }
  if (all.size > 0) stderr.write(`${all.size} of ${jobs.length} measured before\n`)
  const fresh = await measureAll(open, options.parallel, (job, measurement, doneCount) => {
    log?.append(namesOf(job), measurement)
    stderr.write(`${all.size + doneCount}/${jobs.length} ${progressText(job, measurement)}\n`)
  })
  return new Map([...all, ...fresh])
}

function namesOf({ scenarioId, groupIndex, seed, size }: Job): Measured {
  const scenario = scenarios.find(({ id }) => id === scenarioId)
  const lines = scenario === undefined ? [] : groupOf({ scenario, groupIndex }).lines
  return { scenario: scenarioId, lines: lines.map(({ parameters }) => parametersText(parameters)), seed, size }
}

function progressText(job: Job, { values, cpuMs }: Measurement): string {
  const results = namesOf(job).lines.map((line, nth) => `${line}: ${Number((values[nth] ?? NaN).toPrecision(4))}`)
  return `${job.scenarioId}, seed ${job.seed}, ${(cpuMs / 1000).toFixed(1)} CPU s: ${results.join('; ')}`
}

function parsed(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      'so-far': { type: 'boolean', default: false },
      commits: { type: 'string' },
      write: { type: 'boolean' },
      only: { type: 'string' },
      nodes: { type: 'string' },
      seeds: { type: 'string' },
      jobs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    stdout.write(USAGE)
    exit(0)
  }
  const { quick, json, only, nodes, seeds, jobs } = values
  const soFar = values['so-far']
  return {
    quick,
    json,
    resume: values.resume,
    soFar,
    ...(values.commits === undefined ? {} : { commits: values.commits.split(',') }),
    parallel: count(jobs, '--jobs') ?? availableParallelism(),
    write: values.write ?? (!quick && only === undefined && nodes === undefined && seeds === undefined),
    ...(only === undefined ? {} : { only: only.split(',') }),
    ...optional('nodes', count(nodes, '--nodes')),
    ...optional('seedCount', count(seeds, '--seeds')),
  }
}

function optional<K extends string>(name: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, number>)
}

function count(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${flag} takes a whole number from 1\n${USAGE}`)
  return value
}

/** Asked when the run begins: what is committed meanwhile is not what is measured. */
function currentCommit(): Commit {
  try {
    const git = (...args: readonly string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
    const name = git('rev-parse', '--short', 'HEAD')
    const isClean = git('status', '--porcelain', '--', ...MEASURED_FOLDERS) === ''
    return { name: isClean ? name : `${name}-dirty`, isClean }
  } catch {
    return { name: 'unknown', isClean: false }
  }
}

function commandText(): string {
  return ['npm run resilience', ...(argv.length > 2 ? ['--', ...argv.slice(2)] : [])].join(' ')
}
