/**
 * One process a folder: a file `in-use` names the process that has it. The lock of a process that is gone, however it ended, is
 * taken over; a process id that the system has given to somebody else since is told apart by its start time.
 */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'

const LOCK_FILE = 'in-use'
/** Where the kernel tells a process's start time: in clock ticks since boot, the 20th field after the command's name. */
const START_FIELD_AFTER_NAME = 19
/** States of a process that runs no more: zombie and dead (proc(5)). */
const ENDED_STATES = ['Z', 'X']

export interface FolderLock {
  release(): Promise<void>
}

/** Locks `folder`, which exists. Rejects with `refused` while another process has it, and with `storage` when it cannot be written. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE)
  const mine = `${String(process.pid)} ${(await startOf(process.pid)) ?? ''}\n`
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, mine, { flag: 'wx', mode: 0o600 })
    if (!(await linked(draft, path))) {
      await clearStale(path, folder)
      if (!(await linked(draft, path))) throw inUse(folder, 'another process')
    }
  } catch (error) {
    throw error instanceof Failure ? error : unwritable(folder, error)
  } finally {
    await rm(draft, { force: true })
  }
  return { release: () => rm(path, { force: true }) }
}

/** A link appears whole or not at all, and never over another. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Moves a dead process's lock away. Of two that try, one moves the dead lock and the other perhaps the first one's new lock: what
 * was moved is therefore looked at again, and put back when its process lives.
 */
async function clearStale(path: string, folder: string): Promise<void> {
  await refuseWhenAlive(path, folder)
  const moved = `${path}.${randomBytes(6).toString('hex')}`
  await rename(path, moved).catch(() => undefined)
  try {
    await refuseWhenAlive(moved, folder)
  } catch (error) {
    await linked(moved, path)
    throw error
  } finally {
    await rm(moved, { force: true })
  }
}

async function refuseWhenAlive(path: string, folder: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [, pidText = '', start] = /^([1-9][0-9]*) (.*)\n$/.exec(text) ?? []
  const pid = Number(pidText)
  if (pid > 0 && isRunning(pid) && (await startOf(pid)) === start) throw inUse(folder, `process ${pidText}`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * What tells a process from an earlier one of the same id; the same text for all where the system does not say. None for a process
 * that has been killed and that its parent has not heard of yet: it holds nothing any more.
 */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ENDED_STATES.includes(fields[0] ?? '') ? undefined : fields[START_FIELD_AFTER_NAME]
  } catch {
    return ''
  }
}

function inUse(folder: string, who: string): Failure {
  return new Failure('refused', `${who} is using ${folder}; stop it, or choose another folder`, { details: { folder } })
}

function unwritable(folder: string, cause: unknown): Failure {
  return new Failure('storage', `cannot write to ${folder}; check that it exists and belongs to this user`, { cause })
}
