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
/** Connections come and go with peers, who dial each other when they have something to say: their number is never twice the same. */
const SOCKETS_GROWTH_MAX = 0.1

/** Since the first rest, of processes that lived through both. */
export interface FilesGrowth {
  /** A share: of all processes together. */
  readonly sockets: number
  /** How many there are now. */
  readonly halfClosed: number
  /** What is open more often than it was, in words. */
  readonly others: readonly string[]
}

export function verdictLines(facts: {
  readonly lost: number
  readonly wrong: number
  readonly gone: number
  readonly memoryGrowth: number
  readonly files: FilesGrowth
}): readonly Line[] {
  return [
    line('objects lost', facts.lost, 0),
    line('reads with wrong bytes', facts.wrong, 0),
    line('nodes gone by themselves', facts.gone, 0),
    line('growth of memory at rest', facts.memoryGrowth, MEMORY_GROWTH_MAX),
    line('growth of open sockets', facts.files.sockets, SOCKETS_GROWTH_MAX),
    line('sockets half closed', facts.files.halfClosed, 0),
    line('open files leaked', facts.files.others.length, 0),
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

/**
 * How much each process took at one rest against an earlier one; only those that lived through both. What work under way takes, the
 * 64 MiB of each repair for one, is no growth; what stays afterwards is.
 */
export function growthsBetween(before: MemorySample, after: MemorySample, of: keyof Memory): readonly Growth[] {
  return [...before].flatMap(([pid, then]) => {
    const now = after.get(pid)
    return now === undefined ? [] : [{ pid, beforeBytes: then[of], afterBytes: now[of] }]
  })
}

/** Of all these processes together, as a share; NaN when there are none. */
export function pooledGrowth(growths: readonly Growth[]): number {
  const sum = (of: keyof Growth): number => growths.reduce((total, growth) => total + growth[of], 0)
  return sum('afterBytes') / sum('beforeBytes') - 1
}

export function filesGrowth(
  before: ReadonlyMap<number, OpenFiles>,
  after: ReadonlyMap<number, OpenFiles>,
): FilesGrowth {
  const lasting = [...before].flatMap(([pid, then]) => {
    const now = after.get(pid)
    return now === undefined ? [] : [{ then, now }]
  })
  const sum = (count: (pair: { then: OpenFiles; now: OpenFiles }) => number): number =>
    lasting.reduce((total, pair) => total + count(pair), 0)
  return {
    sockets: sum(({ now }) => now.sockets) / sum(({ then }) => then.sockets) - 1,
    halfClosed: sum(({ now }) => now.halfClosed),
    others: lasting.flatMap(({ then, now }) => moreOf(then.others, now.others)),
  }
}

/** What is in `now` more often than in `then`. */
function moreOf(then: readonly string[], now: readonly string[]): readonly string[] {
  const left = [...then]
  return now.filter((name) => {
    const at = left.indexOf(name)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}
