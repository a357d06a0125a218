/**
 * Our overlay and js-libp2p's @libp2p/kad-dht on real sockets: the same number of nodes of each in a process of its own, one after the
 * other, on this machine and in this run. Prints one table with ratios; `--json` one object per line instead, as figures come. `--nodes
 * 100`, `--lookups 300`, `--settle 120` (seconds). Progress and the first run's installation of libp2p (bench/peers) go to stderr.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from '../scripts/install.mjs'
import { startMainframe } from './overlay/mainframe.ts'
import { measure } from './overlay/measure.ts'
import { table } from './overlay/report.ts'
import type { Result } from './overlay/results.ts'
import type { StartSubject } from './overlay/subject.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '100' },
    lookups: { type: 'string', default: '300' },
    settle: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
    /** Which one a child measures. */
    subject: { type: 'string' },
  },
})

/** A string of its own, so that the compiler does not look for what is not installed yet. */
const KAD_DHT: string = new URL('peers/kadDht.mjs', import.meta.url).href
const KILLED_SHARE = 0.3

const SUBJECTS: Readonly<Record<string, () => Promise<StartSubject>>> = {
  mainframe: async () => startMainframe,
  'kad-dht': async () => ((await import(KAD_DHT)) as { startKadDht: StartSubject }).startKadDht,
}

if (values.subject === undefined) await compare()
else await measureHere(values.subject)

async function compare(): Promise<void> {
  ensureInstalled(fileURLToPath(new URL('peers/', import.meta.url)))
  const ours = await measureInChild('mainframe')
  const theirs = await measureInChild('kad-dht')
  if (!values.json) console.log(table(ours, theirs))
}

async function measureInChild(subject: string): Promise<readonly Result[]> {
  const results: Result[] = []
  const child = fork(import.meta.filename, [...process.argv.slice(2), '--subject', subject])
  child.on('message', (result: Result) => {
    results.push(result)
    if (values.json) console.log(JSON.stringify({ subject, ...result }))
    else process.stderr.write(`${subject}: ${progressOf(result)}\n`)
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the process of ${subject} ended with ${String(code)}`)
  return results
}

/** Leaves with all its nodes as they are: to part politely would take longer than the measurement. */
async function measureHere(name: string): Promise<void> {
  const nodes = Number(values.nodes)
  const plan = { nodes, kills: Math.round(KILLED_SHARE * nodes), lookups: Number(values.lookups) }
  const start = await SUBJECTS[name]?.()
  if (start === undefined) throw new Error(`there is no subject ${name}`)
  await measure(start, { ...plan, settleSeconds: Number(values.settle) }, (result) => process.send?.(result))
  process.exit()
}

function progressOf(result: Result): string {
  const figures = Object.entries(result).filter(([name]) => name !== 'kind' && name !== 'title')
  return `${result.kind} ${figures.map(([name, value]) => `${name} ${shown(value)}`).join(', ')}`
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value)
}
