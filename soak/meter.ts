/** What processes take, as Linux tells it in /proc. */
import { readdir, readFile, readlink } from 'node:fs/promises'

export interface Memory {
  /** Resident bytes, with pages of files that the system may take back. */
  readonly residentBytes: number
  /** Of those, what is the process's own. */
  readonly ownBytes: number
}

export interface OpenFiles {
  readonly sockets: number
  /** Files, pipes, timers and the like. */
  readonly others: number
}

/** Undefined for a process that has ended. */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const bytesOf = (field: string): number => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  const memory = { residentBytes: bytesOf('VmRSS'), ownBytes: bytesOf('RssAnon') }
  return Number.isNaN(memory.residentBytes + memory.ownBytes) ? undefined : memory
}

/** Undefined for a process that has ended. */
export async function openFilesOf(pid: number): Promise<OpenFiles | undefined> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => undefined)
  if (names === undefined) return undefined
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  const sockets = targets.filter((target) => target.startsWith('socket:')).length
  return { sockets, others: targets.length - sockets }
}

/** Of every process that still runs. */
export async function measureAll<T>(
  pids: readonly number[],
  measure: (pid: number) => Promise<T | undefined>,
): Promise<ReadonlyMap<number, T>> {
  const measured = new Map<number, T>()
  for (const pid of pids) {
    const value = await measure(pid)
    if (value !== undefined) measured.set(pid, value)
  }
  return measured
}
