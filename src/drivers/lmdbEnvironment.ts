/**
 * An LMDB environment in a folder of its own: locked against a second process, with writes grouped into durable commits, and with
 * LMDB's errors in our words. Absent on purpose: what is kept in it.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'
import { Failure } from '../base/failure.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import { lockFolder, type FolderLock } from './folderLock.ts'
import { lmdbFileDamage } from './lmdbFile.ts'
import { COMMIT_BYTES_MAX, DISK_RESERVE_BYTES } from './limits.ts'

const DATA_FILE = 'data.mdb'
const DAMAGE_ADVICE = 'restore it, or move the folder away to start empty'

/** Keys and values are plain bytes. */
export type ByteTable = Database<Buffer | Uint8Array, Uint8Array>

interface Write extends Deferred<void> {
  readonly bytes: number
  readonly apply: () => void
}

export class LmdbEnvironment {
  private readonly folder: string
  private readonly lock: FolderLock
  private readonly root: RootDatabase<Buffer | Uint8Array, Uint8Array>
  private readonly waiting: Write[] = []
  private committing: Promise<void> | undefined
  private closing: Promise<void> | undefined

  private constructor(folder: string, lock: FolderLock, root: RootDatabase<Buffer | Uint8Array, Uint8Array>) {
    this.folder = folder
    this.lock = lock
    this.root = root
  }

  /** Rejects with `refused` while another process has the folder open, and with `storage` when it cannot be used. */
  static async open(folder: string): Promise<LmdbEnvironment> {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw storageFailure(folder, error)
    })
    const lock = await lockFolder(folder)
    try {
      await refuseDamaged(folder)
      return new LmdbEnvironment(folder, lock, openRoot(folder))
    } catch (error) {
      await lock.release()
      throw storageFailure(folder, error)
    }
  }

  table(name: string): ByteTable {
    try {
      return this.root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
    } catch (error) {
      throw storageFailure(this.folder, error)
    }
  }

  /** Runs `look`, giving what LMDB throws as a `storage` failure. */
  read<T>(look: () => T): T {
    if (this.closing !== undefined) throw closedFailure()
    try {
      return look()
    } catch (error) {
      throw storageFailure(this.folder, error)
    }
  }

  /**
   * Calls `apply`, which writes about `bytes` to tables, in the next commit; settles when that is on the disk. What `apply` throws,
   * before it has written, rejects this write alone. Writes are applied in the order of the calls.
   */
  write(bytes: number, apply: () => void): Promise<void> {
    if (this.closing !== undefined) return Promise.reject(closedFailure())
    const write: Write = { ...deferred<void>(), bytes, apply }
    this.waiting.push(write)
    this.committing ??= this.commitAll()
    return write.promise
  }

  /** Called after a commit, with whether it was kept; set by the store that counts what it holds. */
  onCommit: (kept: boolean) => void = () => {}

  /** Waits for the writes under way; closing again waits for the same. */
  close(): Promise<void> {
    this.closing ??= this.finish()
    return this.closing
  }

  private async finish(): Promise<void> {
    await this.committing
    await this.root.close()
    await this.lock.release()
  }

  private async commitAll(): Promise<void> {
    // Lets the calls of this tick gather.
    await Promise.resolve()
    while (this.waiting.length > 0) await this.commit(this.takeBatch())
    this.committing = undefined
  }

  /** The longest waiting writes, bounded so that the first does not wait for gigabytes behind it. */
  private takeBatch(): readonly Write[] {
    let bytes = 0
    let count = 0
    for (const write of this.waiting) {
      bytes += write.bytes
      if (count > 0 && bytes > COMMIT_BYTES_MAX) break
      count++
    }
    return this.waiting.splice(0, count)
  }

  private async commit(batch: readonly Write[]): Promise<void> {
    const applied: Write[] = []
    try {
      this.requireWritable()
      this.requireRoom(batch)
      await this.root.batch(() => {
        for (const write of batch) if (tryApply(write)) applied.push(write)
      })
      this.onCommit(true)
      for (const write of applied) write.resolve()
    } catch (error) {
      const failure = storageFailure(this.folder, await commitError(error))
      this.onCommit(false)
      for (const write of batch) write.reject(failure)
    }
  }

  /** A system makes a disk that has errors read-only. LMDB must not meet that: its way of saying so overruns a buffer (lmdb 3.5.6). */
  private requireWritable(): void {
    accessSync(join(this.folder, DATA_FILE), constants.W_OK)
  }

  /**
   * LMDB copies pages when it writes, so that even deleting takes room; the reserve keeps the way back open. Deletes come with
   * 0 bytes and may use it.
   */
  private requireRoom(batch: readonly Write[]): void {
    const bytes = batch.reduce((sum, write) => sum + write.bytes, 0)
    if (bytes === 0) return
    const { bavail, bsize } = statfsSync(this.folder)
    if (bavail * bsize < bytes + DISK_RESERVE_BYTES) throw noSpace(this.folder, undefined)
  }
}

async function refuseDamaged(folder: string): Promise<void> {
  const damage = await lmdbFileDamage(join(folder, DATA_FILE))
  if (damage !== undefined) throw new Failure('storage', `${damage}; ${DAMAGE_ADVICE}`, { details: { folder } })
}

function openRoot(folder: string): RootDatabase<Buffer | Uint8Array, Uint8Array> {
  return open({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // A commit settles when its data is on the disk, rather than some time before.
    overlappingSync: false,
    // Commits are grouped here; LMDB's own grouping leaves a promise nobody can catch when a commit fails.
    eventTurnBatching: false,
  })
}

function tryApply(write: Write): boolean {
  try {
    write.apply()
    return true
  } catch (error) {
    write.reject(error)
    return false
  }
}

/** LMDB's binding hides the cause of a failed commit in a promise. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}

function closedFailure(): Failure {
  return new Failure('closed', 'this store is closed')
}

const NO_SPACE = new Set<unknown>([28, 'ENOSPC', 122, 'EDQUOT', -30792])
const NOT_OURS = new Set<unknown>([1, 'EPERM', 13, 'EACCES', 30, 'EROFS'])
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_VERSION_MISMATCH, MDB_INVALID */
const DAMAGED = new Set<unknown>([-30797, -30796, -30794, -30793])

function storageFailure(folder: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (NO_SPACE.has(code)) return noSpace(folder, error)
  return new Failure('storage', `${folder}: ${adviceFor(code, error)}`, { details: { folder }, cause: error })
}

function noSpace(folder: string, cause: unknown): Failure {
  return new Failure('no-space', `the disk that holds ${folder} is full; free some room or lower the quota`, { cause })
}

function adviceFor(code: unknown, error: unknown): string {
  if (NOT_OURS.has(code)) return 'this user cannot write here; check the permissions and that the disk is not read-only'
  if (DAMAGED.has(code)) return `the database is damaged; ${DAMAGE_ADVICE}`
  return `the disk reports: ${error instanceof Error ? error.message : String(error)}; check the disk`
}
