/** Directories (directory.ts) over objects: the composition of writer, reader and health. */
import { Semaphore } from '../base/semaphore.ts'
import type { Capability } from '../crypto/link.ts'
import type {
  Health,
  HealthState,
  KeepResult,
  Objects,
  PutOptions,
  ReleaseResult,
  RepairResult,
  UpkeepOptions,
} from '../storage/objects.ts'
import type { Directories, OpenDirectory, PutDirectoryResult, TreeSource } from './directory.ts'
import { openDirectory } from './directoryReader.ts'
import { writeDirectory } from './directoryWriter.ts'
import { DIRECTORY_HEALTH_PARALLEL } from './limits.ts'

export class DirectoryStore implements Directories {
  private readonly objects: Objects

  constructor(objects: Objects) {
    this.objects = objects
  }

  put(entries: AsyncIterable<TreeSource>, options: PutOptions = {}): Promise<PutDirectoryResult> {
    return writeDirectory(this.objects, entries, options)
  }

  open(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<OpenDirectory> {
    return openDirectory(this.objects, capability, options)
  }

  async health(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<Health> {
    return together(await this.forEachObject(capability, options, (object) => this.objects.health(object, options)))
  }

  async keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult> {
    const kept = await this.forEachObject(capability, options, (object) => this.objects.keep(object, options))
    const expiries = kept.flatMap(({ expiresMs }) => expiresMs ?? [])
    return { ...sums(kept, ['stripes', 'fragments', 'unanswered']), expiresMs: expiries.sort((a, b) => a - b)[0] }
  }

  async repair(capability: Capability, options: UpkeepOptions = {}): Promise<RepairResult> {
    const repaired = await this.forEachObject(capability, options, (object) => this.objects.repair(object, options))
    return sums(repaired, ['stripes', 'fragments', 'bytes'])
  }

  /** Listings go last: whoever is interrupted can begin again. */
  async release(capability: Capability, options: UpkeepOptions = {}): Promise<ReleaseResult> {
    const all: Capability[] = []
    await this.forEachObject(capability, options, async (object) => all.push(object))
    const released: ReleaseResult[] = []
    for (const object of all.reverse()) released.push(await this.objects.release(object, options))
    return sums(released, ['stripes', 'fragments', 'unanswered'])
  }

  /** Runs `work` for the directory's own object and all below it, some at a time. Fails as `work` does. */
  private async forEachObject<T>(
    capability: Capability,
    options: UpkeepOptions,
    work: (object: Capability) => Promise<T>,
  ): Promise<readonly T[]> {
    const directory = await openDirectory(this.objects, capability, options)
    const parallel = new Semaphore(DIRECTORY_HEALTH_PARALLEL)
    const underWay: Promise<T>[] = []
    const begin = async (object: Capability): Promise<void> => {
      const release = await parallel.acquire(1, options.signal)
      const working = work(object).finally(release)
      // One that fails before all are begun is met again below.
      working.catch(() => undefined)
      underWay.push(working)
    }
    await begin(capability)
    for await (const object of directory.objectsBelow(options)) await begin(object)
    return Promise.all(underWay)
  }
}

function sums<K extends string>(parts: readonly Readonly<Record<K, number>>[], names: readonly K[]): Record<K, number> {
  const total = (name: K): number => parts.reduce((sum, part) => sum + part[name], 0)
  return Object.fromEntries(names.map((name) => [name, total(name)])) as Record<K, number>
}

/** Worst of the worst: the counts are those of the largest code, all that tells of survival is that of the weakest object. */
function together(parts: readonly Health[]): Health {
  const needed = most(parts, 'needed')
  const ofLargestCode = parts.filter((part) => part.needed === needed)
  const weight = (part: Health): number => Math.max(1, part.segments)
  const weights = ofLargestCode.reduce((sum, part) => sum + weight(part), 0)
  const { aliveMin, silent, away, gone } = ofLargestCode.reduce((a, b) => (b.aliveMin < a.aliveMin ? b : a))
  return {
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    segments: parts.reduce((sum, part) => sum + part.segments, 0),
    needed,
    total: most(ofLargestCode, 'total'),
    alive: Math.floor(ofLargestCode.reduce((sum, part) => sum + part.alive * weight(part), 0) / weights),
    aliveMin,
    silent,
    away,
    gone,
    holders: least(parts, 'holders'),
    domains: least(parts, 'domains'),
    domainKind: parts.some(({ domainKind }) => domainKind === 'table') ? 'table' : 'subnet',
    domainShareMax: most(parts, 'domainShareMax'),
    survivesNow: least(parts, 'survivesNow'),
    survivesDomains: least(parts, 'survivesDomains'),
    unattendedDays: least(parts, 'unattendedDays'),
    nodeLifetimeDays: most(parts, 'nodeLifetimeDays'),
    state: worst(parts.map((part) => part.state)),
  }
}

type Figure = Exclude<keyof Health, 'state' | 'domainKind'>

// One by one: a tree may have more objects than a call may have arguments.
function least(parts: readonly Health[], figure: Figure): number {
  return parts.reduce((min, part) => Math.min(min, part[figure]), Infinity)
}

function most(parts: readonly Health[], figure: Figure): number {
  return parts.reduce((max, part) => Math.max(max, part[figure]), 0)
}

const FROM_WORST: readonly HealthState[] = ['lost', 'at-risk', 'healthy']

function worst(states: readonly HealthState[]): HealthState {
  return FROM_WORST.find((state) => states.includes(state)) ?? 'healthy'
}
