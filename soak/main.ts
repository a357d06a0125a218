/**
 * The soak: a network of processes under load and random faults of one seed for minutes or days, with a verdict on lost objects, wrong
 * bytes, memory and open files. Ends with 0 only when all of it is as it should be. Linux, for it reads /proc.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, exit, stderr } from 'node:process'
import { SECOND } from '../src/base/units.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { startTestnet, type Testnet, type TestnetExit } from '../src/testing/testnet.ts'
import { killLoop } from './killLoop.ts'
import { parsedOptions, type SoakOptions } from './options.ts'
import { verdictText } from './report.ts'
import { soak, type SoakDeps } from './soak.ts'

/** Short, so that what is gone is rebuilt while the run lasts. */
const GRACE_MS = 5 * SECOND

try {
  const drawnSeed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  process.exitCode = (await main(parsedOptions(argv.slice(2), drawnSeed))) ? 0 : 1
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  exit(2)
}

async function main(options: SoakOptions): Promise<boolean> {
  const say = (line: string): void => void (options.json ? stderr : process.stdout).write(`${line}\n`)
  say(`${options.nodes} nodes, seed ${options.seed}`)
  const home = await mkdtemp(join(tmpdir(), 'mainframe-soak-'))
  // Repair would hide what a killed holder has lost.
  const grace = options.kills === undefined ? { graceMs: GRACE_MS } : {}
  const ended: string[] = []
  const onExit = ({ index, code, signal }: TestnetExit): void => {
    const words = `node ${index} ended by itself: ${signal ?? `exit ${String(code)}`}`
    ended.push(words)
    say(words)
  }
  const testnet = await startTestnet({ nodes: options.nodes, dir: home, processes: true, onExit, ...grace })
  try {
    return options.kills === undefined
      ? await loadAndFaults({ testnet, options, say, ended })
      : await kills(testnet, options, say)
  } finally {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function loadAndFaults(deps: SoakDeps): Promise<boolean> {
  const result = await soak(deps)
  process.stdout.write(deps.options.json ? `${JSON.stringify(result)}\n` : `${verdictText(result)}\n`)
  return result.holds
}

/** True, or it rejects with what is missing. */
async function kills(testnet: Testnet, options: SoakOptions, say: (line: string) => void): Promise<boolean> {
  const random = new SeededRandom(options.seed)
  const killCount = options.kills ?? 0
  const looked = await killLoop(testnet, {
    kills: killCount,
    random,
    onKill: ({ count, node, placed, alive }) => {
      say(`kill ${count}: node ${node}, ${alive} fragments there of ${placed} acknowledged`)
    },
  })
  const result = { kills: killCount, fragmentsAcknowledged: looked, fragmentsLost: 0, holds: true }
  process.stdout.write(
    options.json ? `${JSON.stringify(result)}\n` : `${looked} fragments acknowledged in ${killCount} kills, 0 lost\n`,
  )
  return true
}
