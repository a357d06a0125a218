/** What a run says: a line each minute, and the verdict as a table. */
import { printSize } from '../src/base/quantities.ts'
import type { FilesGrowth, Line } from './verdict.ts'

export interface SoakResult {
  readonly seed: number
  readonly minutes: number
  readonly nodes: number
  readonly objects: number
  readonly puts: number
  readonly reads: number
  /** Calls that failed because a fault hit the node that was asked. */
  readonly disturbed: number
  /** Calls that failed otherwise, by what they were and their code. */
  readonly failures: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Nodes that ended by themselves or did not come back from a fault, in words. */
  readonly gone: readonly string[]
  readonly repairs: number
  readonly memory: {
    /** Processes that lived through both rests, the one after a fifth of the run and the one after all of it. */
    readonly processes: number
    /** From rest to rest, of memory that is not pages of files: the system takes those back, and a store that fills has more of them. */
    readonly growth: number
    readonly growthMax: number
    /** Pages of files included. */
    readonly residentGrowth: number
    /** Under load, the last fifth against the second by medians: with what work takes while it is under way. */
    readonly loadedGrowth: number
  }
  readonly files: FilesGrowth
  readonly lines: readonly Line[]
  readonly holds: boolean
}

export interface Minute {
  readonly minute: number
  readonly objects: number
  readonly reads: number
  readonly faults: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<string, number>>
  readonly repairs: number
  readonly residentBytes: number
  readonly openFiles: number
}

export function minuteText({ minute, objects, reads, repairs, residentBytes, openFiles, ...rest }: Minute): string {
  const faults = `faults ${namedCounts(rest.faults)}`
  const failures = `failures ${namedCounts(rest.failures)}`
  const takes = `${printSize(residentBytes)} of memory, ${openFiles} open files`
  return `minute ${minute}: ${objects} objects, ${reads} reads, ${faults}; ${failures}; ${repairs} repairs; ${takes}`
}

export function verdictText({ lines, holds, ...run }: SoakResult): string {
  const { memory } = run
  return [
    `${run.puts} puts, ${run.reads} reads, ${run.disturbed} disturbed, failures ${namedCounts(run.failures)}`,
    `faults ${namedCounts(run.faults)}; ${run.repairs} repairs`,
    `memory of ${memory.processes} processes, from rest to rest: ${percent(memory.growth)}, the worst ${percent(memory.growthMax)}, with pages of files ${percent(memory.residentGrowth)}; under load ${percent(memory.loadedGrowth)}`,
    ...run.gone,
    `sockets ${percent(run.files.sockets)}, ${run.files.halfClosed} half closed; files opened and not closed: ${run.files.others.join(', ') || 'none'}`,
    '',
    ...lines.map(
      ({ what, value, max, holds: isKept }) =>
        `${isKept ? 'ok  ' : 'FAIL'} ${what.padEnd(26)} ${value.toFixed(3).padStart(10)}  at most ${max}`,
    ),
    `${holds ? 'all holds' : 'FAILED'}, seed ${run.seed}`,
  ].join('\n')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function namedCounts(counts: Readonly<Record<string, number>>): string {
  const named = Object.entries(counts).filter(([, count]) => count > 0)
  return named.length === 0 ? 'none' : named.map(([name, count]) => `${name} ${count}`).join(', ')
}
