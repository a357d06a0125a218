/** Whether a run was as it should be: nothing lost, nothing wrong, and no more memory and open files than before. */
import type { Memory, OpenFiles } from './meter.ts'

/** Of every process at one moment; the moments are evenly spaced from the start to the end. */
export type MemorySample = ReadonlyMap<number, Memory>

export interface Line {
  readonly what: string
  readonly value: number
  readonly max: number
  readonly holds: boolean
}

export interface Growth {
  readonly pid: number
  readonly beforeBytes: number
  readonly afterBytes: number
}

const MEMORY_GROWTH_MAX = 0.1

export function verdictLines(facts: {
  readonly lost: number
  readonly wrong: number
  readonly gone: number
  readonly memoryGrowth: number
  readonly openFilesGrowth: number
}): readonly Line[] {
  return [
    line('objects lost', facts.lost, 0),
    line('reads with wrong bytes', facts.wrong, 0),
    line('nodes gone by themselves', facts.gone, 0),
    line('growth of memory', facts.memoryGrowth, MEMORY_GROWTH_MAX),
    line('open files leaked', facts.openFilesGrowth, 0),
  ]
}

/** A figure that could not be had (NaN) holds nothing. */
function line(what: string, value: number, max: number): Line {
  return { what, value, max, holds: value <= max }
}

/**
 * How much each process took in the last fifth of the run against the second, by medians; only those that lived through both. The first
 * fifth is for warming up.
 */
export function memoryGrowths(samples: readonly MemorySample[], of: keyof Memory): readonly Growth[] {
  const fifth = Math.floor(samples.length / 5)
  const second = samples.slice(fifth, 2 * fifth)
  const last = samples.slice(samples.length - fifth)
  const lasting = [...(second[0]?.keys() ?? [])].filter((pid) => [...second, ...last].every((each) => each.has(pid)))
  const medianOf = (pid: number, among: readonly MemorySample[]): number =>
    median(among.map((each) => each.get(pid)?.[of] ?? 0))
  return lasting.map((pid) => ({ pid, beforeBytes: medianOf(pid, second), afterBytes: medianOf(pid, last) }))
}

/** Of all these processes together, as a share; NaN when there are none. */
export function pooledGrowth(growths: readonly Growth[]): number {
  const sum = (of: keyof Growth): number => growths.reduce((total, growth) => total + growth[of], 0)
  return sum('afterBytes') / sum('beforeBytes') - 1
}

/** Files that processes have open at rest and had not after warming up. Connections come and go with peers: only all together count. */
export function filesGrowth(before: ReadonlyMap<number, OpenFiles>, after: ReadonlyMap<number, OpenFiles>): OpenFiles {
  let sockets = 0
  let others = 0
  for (const [pid, then] of before) {
    const now = after.get(pid)
    if (now === undefined) continue
    sockets += now.sockets - then.sockets
    others += Math.max(0, now.others - then.others)
  }
  return { sockets: Math.max(0, sockets), others }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}
