/**
 * The whole path on this machine: a file through the command line into a network of 24 processes and back, with redundancy,
 * encryption and verification on. Prints rates of payload (MB are 10^6 bytes), processor time and the largest resident set of any
 * process, beside what the same disk and loopback do bare in the same run. `--mib 1024`, `--runs 3`, `--nodes 24`, `--json`.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MIB } from '../src/base/units.ts'
import { startTestnet, type Testnet } from '../src/testing/testnet.ts'
import { ROOT } from '../scripts/install.mjs'
import { cpuSecondsOf } from './system/processTime.ts'

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '256' },
    runs: { type: 'string', default: '3' },
    nodes: { type: 'string', default: '24' },
    json: { type: 'boolean', default: false },
  },
})
const fileBytes = Number(values.mib) * MIB

interface Measurement {
  readonly name: string
  readonly mbPerSecond: number
  /** Of all nodes together, for each 10^9 bytes of payload. */
  readonly nodeCpuSecondsPerGb?: number
}

const home = await mkdtemp(join(tmpdir(), 'mainframe-path-'))
try {
  const file = join(home, 'payload')
  report({ name: 'disk: write and sync', mbPerSecond: await writePayload(file) })
  report({ name: 'loopback: bare TCP', mbPerSecond: await bareTcp(file) })
  const testnet = await startTestnet({ nodes: Number(values.nodes), dir: join(home, 'net'), processes: true })
  try {
    for (let run = 0; run < Number(values.runs); run++) await putAndGet(testnet, file, run)
    tell({ name: 'largest resident set of a node', mib: Math.round(peakMib(testnet)) })
  } finally {
    await testnet.stop()
  }
} finally {
  await rm(home, { recursive: true, force: true })
}

async function putAndGet(testnet: Testnet, file: string, run: number): Promise<void> {
  const put = await measured(testnet, 'put', () => command(testnet, ['put', file]))
  const reader = testnet.nodes[1 + (run % (testnet.nodes.length - 1))]?.api ?? testnet.api
  const back = `${file}.back`
  await measured(testnet, 'get', () => command(testnet, ['get', put.trim(), '-o', back, '--node', reader]))
  await rm(back)
}

async function measured(testnet: Testnet, name: string, work: () => Promise<string>): Promise<string> {
  const cpuBefore = cpuSecondsOf(pidsOf(testnet))
  const startedMs = performance.now()
  const printed = await work()
  const seconds = (performance.now() - startedMs) / 1000
  const nodeCpuSecondsPerGb = ((cpuSecondsOf(pidsOf(testnet)) - cpuBefore) * 1e9) / fileBytes
  report({ name, mbPerSecond: fileBytes / 1e6 / seconds, nodeCpuSecondsPerGb })
  return printed
}

/** One command in a process of its own, as a user runs it. */
async function command(testnet: Testnet, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'mainframe.js'), ...args, '--timeout', '30m'], {
    env: { ...process.env, MAINFRAME_HOME: testnet.home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`mainframe ${args.join(' ')} ended with ${String(code)}`)
  return printed
}

async function writePayload(file: string): Promise<number> {
  const startedMs = performance.now()
  await using handle = await open(file, 'w')
  let randomMs = 0
  for (let at = 0; at < fileBytes; at += MIB) {
    const beganMs = performance.now()
    const block = randomBytes(Math.min(MIB, fileBytes - at))
    randomMs += performance.now() - beganMs
    await handle.write(block)
  }
  await handle.sync()
  return rate(performance.now() - startedMs - randomMs)
}

async function bareTcp(file: string): Promise<number> {
  const server = createServer((socket) => createReadStream(file, { highWaterMark: MIB }).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const startedMs = performance.now()
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.resume()
  await once(socket, 'close')
  server.close()
  return rate(performance.now() - startedMs)
}

function rate(elapsedMs: number): number {
  return fileBytes / 1e3 / elapsedMs
}

function pidsOf({ nodes }: Testnet): readonly number[] {
  return nodes.map(({ pid }) => pid)
}

function peakMib(testnet: Testnet): number {
  return Math.max(
    ...testnet.nodes.map(({ pid }) => {
      const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      return Number(line?.[1] ?? 0) / 1024
    }),
  )
}

function report({ name, mbPerSecond, nodeCpuSecondsPerGb }: Measurement): void {
  const cpu = nodeCpuSecondsPerGb === undefined ? {} : { nodeCpuSecondsPerGb: round(nodeCpuSecondsPerGb) }
  tell({ name, mbPerSecond: round(mbPerSecond), ...cpu })
}

function tell(line: Readonly<Record<string, string | number>>): void {
  if (values.json) {
    console.log(JSON.stringify(line))
    return
  }
  const { name, ...figures } = line
  console.log(
    String(name).padEnd(34),
    Object.entries(figures)
      .map(([unit, value]) => `${value} ${unit}`)
      .join('  '),
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
