/**
 * Files and folders that appear whole or not at all: written under a temporary name beside the target, renamed when complete, removed
 * on failure and when a signal ends the process.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CommandFailure, EXIT, usage } from './exit.ts'
import { FILE_BYTES } from './limits.ts'

/** Writes the content to `target`, over what stands there. */
export async function writeWhole(target: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  if (await isFolder(target)) throw usage(`${target} is a folder; name a file with -o`)
  await throughDraft(target, async (draft) => {
    const file = await open(draft, 'wx').catch((error: unknown) => {
      throw unwritable(target, error)
    })
    try {
      await writeAll(file, content, target)
    } finally {
      await file.close()
    }
  })
}

/** Calls `make` with a name beside `target`; what it makes there becomes the target when it succeeds. */
export async function throughDraft(target: string, make: (draft: string) => Promise<void>): Promise<void> {
  const full = resolve(target)
  const draft = join(dirname(full), `.${basename(full)}.${randomBytes(4).toString('hex')}.part`)
  const removeNow = (): void => {
    rmSync(draft, { recursive: true, force: true })
  }
  process.on('exit', removeNow)
  try {
    await make(draft)
    await rename(draft, full).catch((error: unknown) => {
      throw unwritable(target, error)
    })
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  } finally {
    process.off('exit', removeNow)
  }
}

export function unwritable(target: string, cause: unknown): CommandFailure {
  const { code, message } = cause as NodeJS.ErrnoException
  const details = { target }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CommandFailure(EXIT.noSpace, 'no-space', `the disk of ${target} is full`, { details, cause })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new CommandFailure(EXIT.permission, 'permission', `${target} cannot be written by this user`, {
      details,
      cause,
    })
  }
  return new CommandFailure(EXIT.error, 'storage', `cannot write ${target}: ${message}`, { details, cause })
}

/** Gathers what arrives into large writes. */
async function writeAll(file: FileHandle, content: AsyncIterable<Uint8Array>, target: string): Promise<void> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  const flush = async (): Promise<void> => {
    const pieces = held
    held = []
    heldBytes = 0
    await writePieces(file, pieces).catch((error: unknown) => {
      throw unwritable(target, error)
    })
  }
  for await (const piece of content) {
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes >= FILE_BYTES) await flush()
  }
  await flush()
}

/** The system may take less than it is given. */
async function writePieces(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (bytes === 0) return
  const { bytesWritten } = await file.writev(pieces)
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten))
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}
