/**
 * Whole systems on this machine, ours and others, in one run and interleaved: each puts a file with its own add, import or seed, and a process
 * that does not have it gets it back over loopback. Prints medians with their spread, and processor time of all processes for each 10^9
 * bytes. `--mib 256`, `--small 2000` (objects of 1 KiB), `--runs 5`, `--only mainframe,helia,webtorrent`, `--json`. The first run installs the others (bench/peers).
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { present } from '../src/base/assert.ts'
import { KIB, MIB } from '../src/base/units.ts'
import { totalFor } from '../src/coding/code.ts'
import { NEEDED_MAX } from '../src/coding/limits.ts'
import { SURVIVE_DEFAULT } from '../src/testing/testnet.ts'
import { ensureInstalled } from '../scripts/install.mjs'
import type { Floor } from './system/floor.ts'
import { measureFloors } from './system/floors.ts'
import { startMainframe } from './system/mainframe.ts'
import { getSteps, leastCpuSeconds, putSteps } from './system/model.ts'
import { startPeer } from './system/peerSubject.ts'
import type { StartSubject } from './system/subject.ts'
import { floorLine, summary, type Measured, type MeasuredSmall } from './system/summary.ts'

const SUBJECTS: Readonly<Record<string, StartSubject>> = {
  mainframe: startMainframe,
  hyperdrive: (dir) => startPeer('hyperdrive', dir),
  helia: (dir) => startPeer('helia', dir),
  webtorrent: (dir) => startPeer('webtorrent', dir),
}

/** Enough that handshakes and the ticks in which processor time is counted do not matter. */
const LINK_BYTES = 512 * MIB
/** Small objects, and how many calls are under way. */
const SMALL = { bytes: KIB, atOnce: 32 }

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '256' },
    runs: { type: 'string', default: '5' },
    small: { type: 'string', default: '2000' },
    only: { type: 'string', default: Object.keys(SUBJECTS).join(',') },
    json: { type: 'boolean', default: false },
  },
})

const measured: Measured[] = []
const small: MeasuredSmall[] = []
ensureInstalled(fileURLToPath(new URL('peers/', import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'mainframe-system-'))
const floors: Floor[] = []
try {
  const bare = join(home, 'bare')
  await mkdir(bare)
  floors.push(...(await measureFloors(bare, LINK_BYTES)))
  await rm(bare, { recursive: true })
  for (const floor of floors) {
    if (values.json) console.log(JSON.stringify({ floor: floor.name, ...floor }))
    else process.stderr.write(`${floorLine(floor)}\n`)
  }
  for (let run = 0; run < Number(values.runs); run++) {
    for (const name of values.only.split(',')) await putAndGet(name, run)
  }
} finally {
  await rm(home, { recursive: true, force: true })
}
const redundancy = totalFor(NEEDED_MAX, SURVIVE_DEFAULT) / NEEDED_MAX
const least = { put: leastCpuSeconds(putSteps(redundancy), floors), get: leastCpuSeconds(getSteps(), floors) }
if (values.json) {
  console.log(JSON.stringify({ what: 'model', cpuSecondsPerGb: least }))
} else {
  console.log(summary({ measured, small, floors }))
  console.log(`model: put ${least.put.toFixed(1)}, get ${least.get.toFixed(1)} CPU s/GB at the least`)
}

/** Fresh processes and stores for each run, and fresh bytes, so that nothing is known beforehand. */
async function putAndGet(name: string, run: number): Promise<void> {
  const bytes = Number(values.mib) * MIB
  const dir = join(home, `${name}-${String(run)}`)
  const source = join(home, 'source')
  const payload = randomBytes(bytes)
  await mkdir(dir)
  await writeFile(source, payload)
  const start = present(SUBJECTS[name], `a subject such as ${Object.keys(SUBJECTS).join(', ')}`)
  {
    await using subject = await start(dir)
    const put = await subject.put('payload', source, bytes)
    report({ subject: name, run, what: 'put', bytes, ...put })
    const got = await subject.get(put.reference)
    if (got.sha256 !== createHash('sha256').update(payload).digest('hex')) throw new Error(`${name} gave other bytes`)
    report({ subject: name, run, what: 'get', bytes, ...got })
    const work = await subject.small({ ...SMALL, count: Number(values.small) })
    reportSmall({ subject: name, run, count: Number(values.small), ...work })
  }
  await rm(dir, { recursive: true, force: true })
}

function reportSmall(line: MeasuredSmall): void {
  small.push(line)
  if (values.json) console.log(JSON.stringify({ what: 'small', ...line }))
  else process.stderr.write(`${line.subject} small objects: ${(line.count / line.putSeconds).toFixed(0)} puts/s\n`)
}

function report({ subject, run, what, bytes, seconds, cpuSeconds, firstByteMs }: Measured): void {
  const line = { subject, run, what, bytes, seconds, cpuSeconds, firstByteMs }
  measured.push(line)
  if (values.json) console.log(JSON.stringify(line))
  else process.stderr.write(`${subject} ${what}: ${(bytes / 1e6 / seconds).toFixed(1)} MB/s\n`)
}
