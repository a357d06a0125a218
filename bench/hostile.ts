/**
 * What a hostile uploader costs others: the rate of honest puts into a network of processes that offer so much each, in a quiet network,
 * beside an uploader that tries so many times its budget at every node, and beside the same uploader busy with a node outside of the
 * network, which shows what its mere work costs this machine. The three take turns. `--nodes 8`, `--quota 10GB`, `--times 10` (0 for as
 * fast as it can), `--spent` (its burst is used up first), `--runs 5`, `--mib 32`, `--json`.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { present } from '../src/base/assert.ts'
import { parseSize } from '../src/base/quantities.ts'
import { HOUR, MIB, SECOND } from '../src/base/units.ts'
import type { NodeId } from '../src/base/id.ts'
import type { Contact } from '../src/ports/connection.ts'
import { SENDER_HOURLY_BYTES_MIN, SENDER_HOURLY_SHARE } from '../src/storage/limits.ts'
import { startTestnet, type Testnet } from '../src/testing/testnet.ts'
import { content, NodeClient } from '../test/nodeClient.ts'
import { startOutsider, startUploader, type Attack } from './hostile/processes.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '8' },
    quota: { type: 'string', default: '10GB' },
    times: { type: 'string', default: '10' },
    spent: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    mib: { type: 'string', default: '32' },
    json: { type: 'boolean', default: false },
  },
})
const nodeCount = Number(values.nodes)
const quotaBytes = present(parseSize(values.quota), 'a size such as 10GB')
const hourlyBytes = Math.max(quotaBytes * SENDER_HOURLY_SHARE, SENDER_HOURLY_BYTES_MIN)
const bytesPerSecond = (Number(values.times) * hourlyBytes) / (HOUR / SECOND)
/** Honest clients, each at a node of its own, and files that each puts in a run. */
const CLIENTS = 2
const FILES = 2
/** Long enough for the attack to be under way, or for what it left to be done. */
const SETTLE_MS = 2 * SECOND
/** For what an attack alone costs. */
const COST_MS = 10 * SECOND
/** Nodes of 10 GB take five at once each, as fast as this machine writes. */
const SPEND_MS_MAX = 600 * SECOND

type Arm = 'quiet' | 'uploader elsewhere' | 'uploader'
const ARMS: readonly Arm[] = ['quiet', 'uploader elsewhere', 'uploader']

const home = await mkdtemp(join(tmpdir(), 'mainframe-hostile-'))
const everyQuota = Object.fromEntries(Array.from({ length: nodeCount }, (_, index) => [index, quotaBytes]))
const testnet = await startTestnet({ nodes: nodeCount, dir: home, processes: true, quotaBytes: everyQuota })
const outsider = await startOutsider()
const uploader = await startUploader()
try {
  const victims = testnet.nodes.map(({ id, listen }) => ({ id: id as NodeId, addresses: [listen] }))
  if (values.spent) await spendBurst(victims)
  for (const targets of [[], victims]) await tellCost(targets)
  const rates = new Map<Arm, number[]>(ARMS.map((arm) => [arm, []]))
  // The first run warms up everything and does not count.
  for (let run = 0; run <= Number(values.runs); run++) {
    // In another order each time, for what one leaves to be written the next one waits for.
    for (const arm of ARMS.map((_, at) => present(ARMS[(at + run) % ARMS.length], 'an arm'))) {
      const { mbPerSecond, attack } = await measured(arm, victims, run)
      if (run === 0) continue
      rates.get(arm)?.push(mbPerSecond)
      tell({ run, arm, mbPerSecond: round(mbPerSecond), ...attack })
    }
  }
  const [quiet = 0, elsewhere = 0, under = 0] = ARMS.map((arm) => median(rates.get(arm) ?? []))
  const medians = { quiet: round(quiet), elsewhere: round(elsewhere), under: round(under) }
  tell({ ...medians, ofQuiet: pairedShare('quiet', rates), ofElsewhere: pairedShare('uploader elsewhere', rates) })
} finally {
  uploader.close()
  outsider.close()
  await testnet.stop()
  await rm(home, { recursive: true, force: true })
}

async function measured(arm: Arm, victims: readonly Contact[], run: number) {
  const targets = { quiet: [], 'uploader elsewhere': victims.map(() => outsider.contact), uploader: victims }[arm]
  await uploader.attack({ targets, bytesPerSecond })
  await wait(SETTLE_MS)
  const before = await uploader.counts()
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => putFiles(testnet, client, run, arm)))
  const seconds = (performance.now() - startedMs) / SECOND
  const after = await uploader.counts()
  await uploader.attack({ targets: [], bytesPerSecond })
  await wait(SETTLE_MS)
  const mbPerSecond = (CLIENTS * FILES * Number(values.mib) * MIB) / 1e6 / seconds
  const perSecond = (bytes: number): number => round(bytes / 1e6 / seconds)
  const attack = {
    takenMbPerSecond: perSecond(after.takenBytes - before.takenBytes),
    refusedMbPerSecond: perSecond(after.refusedBytes - before.refusedBytes),
  }
  return { mbPerSecond, attack }
}

/** What the attack alone costs the nodes: unlike rates it hardly depends on what else this machine does. Linux, for it reads /proc. */
async function tellCost(targets: Attack['targets']): Promise<void> {
  await uploader.attack({ targets, bytesPerSecond })
  await wait(SETTLE_MS)
  const [before, cpuBefore, startedMs] = [await uploader.counts(), cpuSeconds(testnet), performance.now()]
  await wait(COST_MS)
  const seconds = (performance.now() - startedMs) / SECOND
  const [after, cpuAfter] = [await uploader.counts(), cpuSeconds(testnet)]
  await uploader.attack({ targets: [], bytesPerSecond })
  tell({
    alone: targets.length === 0 ? 'quiet' : 'uploader',
    coresOfAllNodes: round((cpuAfter - cpuBefore) / seconds, 1000),
    takenMbPerSecond: round((after.takenBytes - before.takenBytes) / 1e6 / seconds),
    refusedMbPerSecond: round((after.refusedBytes - before.refusedBytes) / 1e6 / seconds),
  })
}

/** User and system time of every node (proc(5): fields 14 and 15 of stat, in 1/100 s). */
function cpuSeconds({ nodes }: Testnet): number {
  const ticks = nodes.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, each) => sum + each, 0) / 100
}

async function putFiles(net: Testnet, client: number, run: number, arm: Arm): Promise<void> {
  const node = new NodeClient(net, client)
  for (let file = 0; file < FILES; file++) {
    const seed = ((run * ARMS.length + ARMS.indexOf(arm)) * CLIENTS + client) * FILES + file
    await node.put(content(Number(values.mib) * MIB, seed).source)
  }
}

/** As fast as it goes, until most of it is refused: what is earned meanwhile is still taken. */
async function spendBurst(targets: Attack['targets']): Promise<void> {
  const untilMs = performance.now() + SPEND_MS_MAX
  await uploader.attack({ targets, bytesPerSecond: 0 })
  while (performance.now() < untilMs) {
    const before = await uploader.counts()
    await wait(2 * SECOND)
    const after = await uploader.counts()
    const taken = after.taken - before.taken
    const refused = after.refused - before.refused
    tell({ spending: true, takenMb: round(after.takenBytes / 1e6), refused: after.refused })
    if (refused > taken) break
  }
  await uploader.attack({ targets: [], bytesPerSecond })
  await wait(SETTLE_MS)
}

/** The rate beside the uploader as a share of the other arm's, each run for itself, since a machine's other work comes and goes: the median. */
function pairedShare(other: Arm, rates: ReadonlyMap<Arm, readonly number[]>): number {
  const under = rates.get('uploader') ?? []
  const shares = under.map((rate, run) => rate / (rates.get(other)?.[run] ?? Number.NaN))
  return round(median(shares), 1000)
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function tell(line: Readonly<Record<string, unknown>>): void {
  const words = Object.entries(line).map(([name, value]) => `${name} ${String(value)}`)
  console.log(values.json ? JSON.stringify(line) : words.join('  '))
}

function round(value: number, parts = 10): number {
  return Math.round(value * parts) / parts
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
