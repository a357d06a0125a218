/** One run: load and faults side by side, a rest in which memory and open files are counted, more of the same, another rest, and the verdict. */
import { MINUTE, SECOND } from '../src/base/units.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import type { Testnet } from '../src/testing/testnet.ts'
import { Faults } from './faults.ts'
import { Fleet } from './fleet.ts'
import { measureAll, memoryOf, openFilesOf, type OpenFiles } from './meter.ts'
import type { SoakOptions } from './options.ts'
import { Spell } from './spell.ts'
import { minuteText, type SoakResult } from './report.ts'
import { Traffic } from './traffic.ts'
import { filesGrowth, growthsBetween, memoryGrowths, pooledGrowth, verdictLines, type MemorySample } from './verdict.ts'

const SAMPLES = 100
/** Longer than a worker thread and connections of the API stay for nothing. */
const REST_MS = 40 * SECOND
/** What the last faults took is made up for by then; a network that still repairs is measured as it is. */
const REST_MS_MAX = 5 * MINUTE

export interface SoakDeps {
  readonly testnet: Testnet
  readonly options: SoakOptions
  readonly say: (line: string) => void
  /** Nodes that ended by themselves so far, in words. */
  readonly ended: readonly string[]
}

export async function soak(deps: SoakDeps): Promise<SoakResult> {
  const { options } = deps
  const run = new Run(deps)
  await run.warmUp()
  await run.load(options.durationMs / 5)
  const before = await run.atRest()
  await run.load((options.durationMs * 4) / 5)
  const after = await run.atRest()
  await run.end()
  return run.result(before, after)
}

/** What every process has when nothing is under way. */
interface Rest {
  readonly memory: MemorySample
  readonly files: ReadonlyMap<number, OpenFiles>
}

class Run {
  private readonly options: SoakOptions
  private readonly say: (line: string) => void
  private readonly testnet: Testnet
  private readonly ended: readonly string[]
  private readonly fleet: Fleet
  private readonly traffic: Traffic
  private readonly faults: Faults
  private readonly samples: MemorySample[] = []
  /** By process, for a count begins anew with each. */
  private readonly repairs = new Map<number, number>()
  private loadedMs = 0
  private minutesSaid = 0

  constructor({ testnet, options, say, ended }: SoakDeps) {
    const random = new SeededRandom(options.seed)
    this.testnet = testnet
    this.options = options
    this.say = say
    this.ended = ended
    this.fleet = new Fleet(testnet)
    this.traffic = new Traffic(this.fleet, random.fork('traffic'))
    this.faults = new Faults(this.fleet, this.traffic, random.fork('faults'))
  }

  warmUp(): Promise<void> {
    return this.traffic.warmUp()
  }

  /** Load and faults for so long; settles when every call has ended and every node serves. */
  async load(durationMs: number): Promise<void> {
    const spell = new Spell()
    const working = Promise.all([this.traffic.run(spell), this.faults.run(spell)])
    // What fails here fails the run below, when it is awaited.
    working.catch(() => undefined)
    const startedMs = performance.now()
    const before = this.loadedMs
    while (performance.now() - startedMs < durationMs) {
      await wait(Math.max(SECOND, this.options.durationMs / SAMPLES))
      this.loadedMs = before + performance.now() - startedMs
      await this.sample()
    }
    spell.end()
    await working
    await this.faults.healed()
  }

  async atRest(): Promise<Rest> {
    await this.reposed()
    return { memory: await measureAll(this.pids(), memoryOf), files: await measureAll(this.pids(), openFilesOf) }
  }

  /** Settles when nobody has repaired anything for a while: each repair brings a thread with 64 MiB that stays for half a minute. */
  private async reposed(): Promise<void> {
    const startedMs = performance.now()
    for (let before = NaN; performance.now() - startedMs < REST_MS_MAX;) {
      await this.askRepairs()
      if (this.repairCount() === before) return
      before = this.repairCount()
      await wait(REST_MS)
    }
  }

  end(): Promise<void> {
    return this.traffic.readAll()
  }

  result(before: Rest, after: Rest): SoakResult {
    const { counts, failures, objectCount } = this.traffic
    const files = filesGrowth(before.files, after.files)
    const growths = growthsBetween(before.memory, after.memory, 'ownBytes')
    const memoryGrowth = pooledGrowth(growths)
    const gone = [...this.ended, ...this.faults.notHealed]
    const { lost, wrong } = counts
    const lines = verdictLines({ lost, wrong, gone: gone.length, memoryGrowth, files })
    return {
      seed: this.options.seed,
      minutes: this.options.durationMs / MINUTE,
      nodes: this.options.nodes,
      objects: objectCount,
      puts: counts.puts,
      reads: counts.reads,
      disturbed: counts.disturbed,
      failures,
      faults: this.faults.counts,
      gone,
      repairs: this.repairCount(),
      memory: {
        processes: growths.length,
        growth: memoryGrowth,
        growthMax: Math.max(...growths.map((growth) => pooledGrowth([growth]))),
        residentGrowth: pooledGrowth(growthsBetween(before.memory, after.memory, 'residentBytes')),
        loadedGrowth: pooledGrowth(memoryGrowths(this.samples, 'ownBytes')),
      },
      files,
      lines,
      holds: lines.every(({ holds }) => holds),
    }
  }

  private async sample(): Promise<void> {
    this.samples.push(await measureAll(this.pids(), memoryOf))
    const minute = Math.floor(this.loadedMs / MINUTE)
    if (minute <= this.minutesSaid) return
    this.minutesSaid = minute
    await this.askRepairs()
    this.say(await this.minuteLine(minute))
  }

  private async minuteLine(minute: number): Promise<string> {
    const memories = [...(this.samples.at(-1)?.values() ?? [])]
    const files = [...(await measureAll(this.pids(), openFilesOf)).values()]
    return minuteText({
      minute,
      objects: this.traffic.objectCount,
      reads: this.traffic.counts.reads,
      faults: this.faults.counts,
      failures: this.traffic.failures,
      repairs: this.repairCount(),
      residentBytes: memories.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
      openFiles: files.reduce((sum, { sockets, others }) => sum + sockets + others.length, 0),
    })
  }

  private async askRepairs(): Promise<void> {
    const sound = this.testnet.nodes.filter(({ index }) => !this.fleet.isImpaired(index))
    await Promise.all(
      sound.map(async ({ index, pid }) => {
        const status = await this.fleet
          .client(index)
          .status()
          .catch(() => undefined)
        if (status !== undefined) this.repairs.set(pid, status.repair.repairs)
      }),
    )
  }

  private repairCount(): number {
    return [...this.repairs.values()].reduce((sum, count) => sum + count, 0)
  }

  private pids(): readonly number[] {
    return this.testnet.nodes.filter(({ isRunning }) => isRunning).map(({ pid }) => pid)
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
