/** What processes take, as Linux tells it in /proc. */
import { readdir, readFile, readlink } from 'node:fs/promises'

const CLOSE_WAIT = '08'

export interface Memory {
  /** Resident bytes, with pages of files that the system may take back. */
  readonly residentBytes: number
  /** Of those, what is the process's own. */
  readonly ownBytes: number
}

export interface OpenFiles {
  readonly sockets: number
  /** Of those: closed by the other side and not by the process (CLOSE_WAIT). */
  readonly halfClosed: number
  /** Files, pipes, timers and the like, by what they lead to. */
  readonly others: readonly string[]
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
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  // Closed since it was named.
  const targets = links.filter((target) => target !== '')
  const sockets = targets.filter((target) => target.startsWith('socket:'))
  const waiting = await closeWaiting(pid)
  return {
    sockets: sockets.length,
    halfClosed: sockets.filter((target) => waiting.has(target)).length,
    others: targets.filter((target) => !target.startsWith('socket:')),
  }
}

/** As links name them, of the whole system: proc(5), /proc/net/tcp, whose fields 3 and 9 are the state and the inode. */
async function closeWaiting(pid: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  )
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
  return new Set(rows.filter((fields) => fields[3] === CLOSE_WAIT).map((fields) => `socket:[${fields[9] ?? ''}]`))
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
