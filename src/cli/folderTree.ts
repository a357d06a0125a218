/** A folder of this machine as a tree on its way in: files, directories and symlinks, parents first, in the order of their names. */
import { createReadStream } from 'node:fs'
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { BigIntStats } from 'node:fs'
import { fromUtf8 } from '../base/bytes.ts'
import { typeByName } from '../gateway/mediaTypes.ts'
import type { EntryKind, TreeEntry, TreeSource } from '../vault/directory.ts'
import { FILE_BYTES, WHOLE_FILE_BYTES_MAX } from './limits.ts'

/** Told of what the tree leaves out, and why. */
export type OnSkip = (path: string, why: string) => void

const NANOSECONDS_IN_MICROSECOND = 1000n

interface FolderEntry {
  /** Undefined for what a tree cannot hold. */
  readonly entry: TreeEntry | undefined
  readonly content: AsyncIterable<Uint8Array>
  /** Of a file: open until the next entry is asked for. */
  readonly file?: FileHandle
}

export async function* folderTree(folder: string, onSkip: OnSkip): AsyncGenerator<TreeSource> {
  yield* below(folder, '', onSkip)
}

async function* below(root: string, parent: string, onSkip: OnSkip): AsyncGenerator<TreeSource> {
  for (const name of await namesIn(join(root, parent), parent, onSkip)) {
    const path = parent === '' ? name : `${parent}/${name}`
    const source = await sourceAt(root, path).catch((error: unknown) => {
      onSkip(path, reasonOf(error))
      return undefined
    })
    if (source === undefined) continue
    if (source.entry === undefined) {
      onSkip(path, 'it is neither file, directory nor symbolic link')
      continue
    }
    try {
      yield { entry: source.entry, content: source.content }
    } finally {
      await source.file?.close()
    }
    if (source.entry.kind === 'directory') yield* below(root, path, onSkip)
  }
}

async function namesIn(folder: string, path: string, onSkip: OnSkip): Promise<readonly string[]> {
  const found = await readdir(folder, { encoding: 'buffer' }).catch((error: unknown) => {
    onSkip(path === '' ? folder : path, reasonOf(error))
    return []
  })
  const names = found.flatMap((bytes) => {
    const name = fromUtf8(bytes)
    if (name === undefined) onSkip(join(path, bytes.toString('latin1')), 'its name is not UTF-8')
    return name ?? []
  })
  return names.sort()
}

async function sourceAt(root: string, path: string): Promise<FolderEntry> {
  const full = join(root, path)
  const stats = await lstat(full, { bigint: true })
  const kind = kindOf(stats)
  if (kind === undefined) return { entry: undefined, content: nothing() }
  const target = kind === 'symlink' ? await readlink(full) : ''
  if (kind !== 'file') return { entry: entryOf(path, kind, stats, target), content: nothing() }
  // Opened before it is announced: what cannot be read is left out rather than promised.
  const file = await open(full)
  const entry = entryOf(path, kind, await file.stat({ bigint: true }), target)
  return { entry, content: contentOf(file, entry.size), file }
}

function kindOf(stats: BigIntStats): EntryKind | undefined {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'symlink' : undefined
}

function entryOf(path: string, kind: EntryKind, stats: BigIntStats, target: string): TreeEntry {
  return {
    path,
    kind,
    mode: Number(stats.mode) & 0o7777,
    modifiedUs: Number(stats.mtimeNs / NANOSECONDS_IN_MICROSECOND),
    size: kind === 'file' ? Number(stats.size) : 0,
    type: kind === 'file' ? typeByName(path) : '',
    target,
  }
}

async function* contentOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  if (size <= WHOLE_FILE_BYTES_MAX) yield await file.readFile()
  else yield* createReadStream('', { fd: file, highWaterMark: FILE_BYTES, autoClose: false })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
