/**
 * Whole systems of others on this machine, in one run and interleaved: each puts a file with its own add, import or seed, and a process
 * of its own gets it back over loopback. Prints medians with their spread, and processor time of both processes for each 10^9 bytes.
 * `--mib 256`, `--runs 5`, `--only helia,webtorrent`, `--json`. The first run installs them (bench/peers).
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { MIB } from '../src/base/units.ts'
import { ensureInstalled } from '../scripts/install.mjs'
import { Party, type Got, type Put } from './system/party.ts'
import { summary, type Measured } from './system/summary.ts'

const PEERS = ['helia', 'webtorrent']

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '256' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: PEERS.join(',') },
    json: { type: 'boolean', default: false },
  },
})

const measured: Measured[] = []
ensureInstalled(fileURLToPath(new URL('peers/', import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'mainframe-system-'))
try {
  for (let run = 0; run < Number(values.runs); run++) {
    for (const peer of values.only.split(',')) await putAndGet(peer, run)
  }
} finally {
  await rm(home, { recursive: true, force: true })
}
if (!values.json) console.log(summary(measured))

/** Fresh processes and stores for each run, and fresh bytes, so that nothing is known beforehand. */
async function putAndGet(peer: string, run: number): Promise<void> {
  const bytes = Number(values.mib) * MIB
  const dir = join(home, `${peer}-${String(run)}`)
  await mkdir(join(dir, 'reader'), { recursive: true })
  const payload = randomBytes(bytes)
  const source = join(dir, 'source')
  await writeFile(source, payload)
  await using holder = await Party.start(peer, { role: 'holder', dir })
  const idleCpu = holder.cpuSeconds()
  const put = await holder.ask<Put>({ name: 'payload', source, bytes })
  report({ peer, run, what: 'put', bytes, seconds: put.seconds, cpuSeconds: holder.cpuSeconds() - idleCpu })
  const holderCpu = holder.cpuSeconds()
  await using reader = await Party.start(peer, { role: 'reader', dir: join(dir, 'reader'), contact: holder.contact })
  const readerCpu = reader.cpuSeconds()
  const got = await reader.ask<Got>({ reference: put.reference })
  const cpuSeconds = holder.cpuSeconds() - holderCpu + reader.cpuSeconds() - readerCpu
  if (got.sha256 !== createHash('sha256').update(payload).digest('hex'))
    throw new Error(`${peer} gave other bytes back`)
  report({ peer, run, what: 'get', bytes, seconds: got.seconds, cpuSeconds })
}

function report({ peer, run, what, bytes, seconds, cpuSeconds }: Measured): void {
  const line = { peer, run, what, bytes, seconds, cpuSeconds }
  measured.push(line)
  if (values.json) console.log(JSON.stringify(line))
  else process.stderr.write(`${peer} ${what}: ${(bytes / 1e6 / seconds).toFixed(1)} MB/s\n`)
}
