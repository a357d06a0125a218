/**
 * The resilience suite: measures every registered scenario over its seeds in parallel processes, prints one table with published
 * figures beside ours, and after a full run writes docs/resilience.md with its curves. Progress goes to standard error.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { argv, exit, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { writeDocument } from './document.ts'
import { jobKey, jobsOf, planned, type PlanOptions } from './plan.ts'
import { measureAll, type OnMeasured } from './pool.ts'
import { jsonLine, tableLines } from './report.ts'
import { scored } from './score.ts'
import { scenarios } from './scenarios/all.ts'

const USAGE = `usage: npm run resilience -- [--quick] [--json] [--only A4,R-A5] [--nodes n] [--seeds n] [--jobs n] [--write]
`

interface Options extends PlanOptions {
  readonly json: boolean
  readonly write: boolean
  readonly parallel: number
}

try {
  await main(parsed(argv.slice(2)))
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  exit(1)
}

async function main(options: Options): Promise<void> {
  const entries = planned(scenarios, options)
  const jobs = jobsOf(entries)
  const startMs = performance.now()
  const scores = scored(entries, await measureAll(jobs, options.parallel, reporter(jobs.length)))
  const commit = currentCommit()
  const lines = options.json ? scores.map((score) => jsonLine(score, commit)) : tableLines(scores)
  stdout.write(`${lines.join('\n')}\n`)
  const failedCount = scores.filter(({ met }) => met === false).length
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
  stderr.write(`${scores.length} lines, ${failedCount} not met, commit ${commit}, ${seconds} s\n`)
  if (options.write) writeDocument(scores, scenarios, { commit, command: commandText() })
}

function reporter(jobCount: number): OnMeasured {
  return (job, { value, tookMs }, doneCount) => {
    const seconds = (tookMs / 1000).toFixed(1)
    stderr.write(`${doneCount}/${jobCount} ${jobKey(job)}: ${Number(value.toPrecision(4))} (${seconds} s)\n`)
  }
}

function parsed(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
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
  return {
    quick,
    json,
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

/** The commit's short name, marked when files differ from it. */
function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return 'unknown'
  }
}

function commandText(): string {
  return ['npm run resilience', ...(argv.length > 2 ? ['--', ...argv.slice(2)] : [])].join(' ')
}
