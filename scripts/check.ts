/**
 * Every check of the project, one line each, stopping at the first that fails with all it said. Without arguments the fast ones;
 * with `--all` also the build, the tests that span folders or need real processes, and the README's commands.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdirSync } from 'node:fs'
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

const FAST: readonly Step[] = [
  { title: 'types', args: [...tsc('tsconfig.json', 'types'), '--incremental'], minutesMax: 5 },
  { title: 'types of the core', args: [...tsc('tsconfig.core.json', 'core'), '--incremental'], minutesMax: 5 },
  {
    title: 'lint',
    args: [
      'node_modules/eslint/bin/eslint.js',
      '--cache',
      '--cache-location',
      `${CACHE}/eslint/`,
      '--max-warnings=0',
      '.',
    ],
    minutesMax: 5,
  },
  {
    title: 'format',
    args: [
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '--cache',
      '--cache-location',
      `${CACHE}/prettier`,
      '.',
    ],
    minutesMax: 5,
  },
  { title: 'dead code', args: ['node_modules/knip/bin/knip.js', '--no-progress'], minutesMax: 5 },
  ...tests('tidiness', ONE_PROCESS, 'test/tidy/*.test.ts', 5),
  ...tests('unit tests', ONE_PROCESS, 'src/**/*.test.ts', 10),
]

const SLOW: readonly Step[] = [
  { title: 'build', args: ['scripts/build.ts'], minutesMax: 5 },
  ...tests('spanning tests', ONE_BY_ONE, 'test/*.test.ts', 30),
  { title: 'README', args: ['scripts/readme.ts'], minutesMax: 10 },
]

mkdirSync(`${ROOT}/${CACHE}`, { recursive: true })
const all = process.argv.includes('--all')
process.exitCode = (await runAll(all ? [...FAST, ...SLOW] : FAST)) ? 0 : 1

async function runAll(steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) {
    const startMs = performance.now()
    const { passed, output } = await run(step)
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(6)
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${seconds} s  ${step.title}`)
    if (passed) continue
    console.log(`\n${output.trimEnd()}\n\nfailed: ${step.title} (node ${step.args.join(' ')})`)
    return false
  }
  return true
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
    output += `\nended after ${step.minutesMax} minutes: it hangs, or something it opened was never closed`
    child.kill('SIGKILL')
  }, step.minutesMax * 60_000)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  return { passed: code === 0, output }
}

function tsc(project: string, cacheName: string): string[] {
  return ['node_modules/typescript/bin/tsc', '-p', project, '--tsBuildInfoFile', `${CACHE}/${cacheName}.tsbuildinfo`]
}

/** One step for the files that match, or none where nothing matches. */
function tests(kind: string, how: readonly string[], pattern: string, minutesMax: number): Step[] {
  const files = globSync(pattern, { cwd: ROOT }).sort()
  if (files.length === 0) return []
  return [{ title: `${kind} (${files.length} files)`, args: [...how, ...files], minutesMax }]
}
