/**
 * Every check of the project, one line each, stopping at the first that fails with all it said. Without arguments the fast ones;
 * with `--all` also the build, the tests that span folders or need real processes, and the README's commands.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ROOT } from './install.mjs'

interface Step {
  readonly title: string
  /** Arguments to the Node that runs this. */
  readonly args: readonly string[]
  readonly minutesMax: number
}

interface Outcome {
  readonly passed: boolean
  readonly output: string
}

const CACHE = 'node_modules/.cache'

/** Test files of one process must leave nothing behind: a handle that stays open keeps the step from ending, and so fails it. */
const ONE_PROCESS = ['--test', '--test-isolation=none']
const ONE_BY_ONE = ['--test', '--test-concurrency=1']

/** Longest first, since they run side by side. Lint has no cache: its rules follow types from file to file, a cache does not. */
const READING: readonly Step[] = [
  { title: 'lint', args: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'], minutesMax: 5 },
  { title: 'types', args: tsc('tsconfig.json', 'types'), minutesMax: 5 },
  { title: 'types of the core', args: tsc('tsconfig.core.json', 'core'), minutesMax: 5 },
  { title: 'format', args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--cache', '.'], minutesMax: 5 },
  { title: 'dead code', args: ['node_modules/knip/bin/knip.js', '--no-progress'], minutesMax: 5 },
  ...tests('tidiness', ONE_PROCESS, 'test/tidy/*.test.ts', 5),
]

const UNIT: readonly Step[] = tests('unit tests', ONE_PROCESS, '{src,resilience,soak}/**/*.test.ts', 10)

const SLOW: readonly Step[] = [
  { title: 'build', args: ['scripts/build.ts'], minutesMax: 5 },
  ...tests('spanning tests', ONE_BY_ONE, 'test/*.test.ts', 30),
  { title: 'attacks on small networks', args: ['resilience/main.ts', '--quick'], minutesMax: 15 },
  { title: 'README', args: ['scripts/readme.ts'], minutesMax: 10 },
]

/** Aborted by the first failure and by whoever ends us: then no step is begun, and those under way are ended. */
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

mkdirSync(`${ROOT}/${CACHE}`, { recursive: true })
const later = process.argv.includes('--all') ? [...UNIT, ...SLOW] : UNIT
const passed = (await runAll(READING, availableParallelism())) && (await runAll(later, 1))
process.exitCode = passed ? 0 : 1

/** Runs the steps in order, `atOnce` side by side; false as soon as one has failed. */
async function runAll(steps: readonly Step[], atOnce: number): Promise<boolean> {
  const queue = [...steps]
  const lane = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined && !stop.signal.aborted; step = queue.shift()) {
      const startMs = performance.now()
      const outcome = await run(step)
      if (stop.signal.aborted) return
      report(step, outcome, performance.now() - startMs)
      if (!outcome.passed) stop.abort()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return !stop.signal.aborted
}

function report(step: Step, { passed, output }: Outcome, tookMs: number): void {
  const seconds = (tookMs / 1000).toFixed(1).padStart(6)
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${seconds} s  ${step.title}`)
  if (!passed) console.log(`\n${output.trimEnd()}\n\nfailed: ${step.title} (node ${step.args.join(' ')})`)
}

/** A step past its time is ended and fails, and says so below its own output. */
async function run(step: Step): Promise<Outcome> {
  const child = spawn(process.execPath, step.args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const gather = (text: string): void => {
    output += text
  }
  child.stdout.setEncoding('utf8').on('data', gather)
  child.stderr.setEncoding('utf8').on('data', gather)
  const timer = setTimeout(() => {
    gather(`\nended after ${step.minutesMax} minutes: it hangs, or something it opened was never closed`)
    child.kill('SIGKILL')
    // What the step left running may hold the pipes open.
    child.stdout.destroy()
    child.stderr.destroy()
  }, step.minutesMax * 60_000)
  const end = (): boolean => child.kill()
  stop.signal.addEventListener('abort', end)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  stop.signal.removeEventListener('abort', end)
  return { passed: code === 0, output }
}

function tsc(project: string, cacheName: string): string[] {
  const cache = ['--incremental', '--tsBuildInfoFile', `${CACHE}/${cacheName}.tsbuildinfo`]
  return ['node_modules/typescript/bin/tsc', '-p', project, ...cache]
}

/** One step for the files that match, or none where nothing matches. */
function tests(kind: string, how: readonly string[], pattern: string, minutesMax: number): Step[] {
  const files = globSync(pattern, { cwd: ROOT }).sort()
  if (files.length === 0) return []
  return [{ title: `${kind} (${files.length} files)`, args: [...how, ...files], minutesMax }]
}
