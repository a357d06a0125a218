/**
 * Trees as tar streams and back: POSIX pax archives (IEEE 1003.1), whose extended records carry times to the microsecond, long names
 * and, under our own keyword, media types. Absent on purpose: the file system, and what may be written to it (cli/extract.ts).
 */
import { extract, pack, type Extract, type Header, type Pack } from 'tar-stream'
import { EMPTY, utf8 } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { EntryKind, TreeEntry, TreeSource } from '../vault/directory.ts'
import { joined } from './chunks.ts'
import { PATH_BYTES_MAX, WRITE_BYTES } from './limits.ts'
import { isMediaType, typeByName } from './mediaTypes.ts'

/** Vendors' keywords are in upper case (POSIX). */
const TYPE_KEYWORD = 'MAINFRAME.type'

/** A ustar header has 33 bits for seconds; tar-stream writes 31 of them. The pax record is exact. */
const HEADER_SECONDS_MAX = 2 ** 31 - 1

/** With these bits a mode of 0 is not mistaken for an absent one; the header keeps only the permissions. */
const KIND_BITS: Readonly<Record<EntryKind, number>> = { file: 0o100000, directory: 0o040000, symlink: 0o120000 }

/** The archive, in pieces of at least WRITE_BYTES but for the last. Fails as the tree does. */
export function tarOf(tree: AsyncIterable<TreeSource>): AsyncGenerator<Uint8Array> {
  return joined(packed(tree), WRITE_BYTES)
}

/**
 * The entries of an archive, each to be read before the next is asked for (what is left unread is skipped). Fails with `invalid` for
 * what is no archive or holds what a tree cannot: devices, hard links, paths that lead outside.
 */
export async function* treeOf(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TreeSource> {
  const reader = extract()
  let cause: Error | undefined
  const feeding = feed(archive, reader).catch((error: unknown) => {
    cause = asError(error)
    reader.destroy(cause)
  })
  const failure = (error: unknown): Error => cause ?? notAnArchive(error)
  try {
    for await (const piece of reader) {
      const entry = entryOf(piece.header)
      if (entry !== undefined) yield { entry, content: entry.kind === 'file' ? contentOf(piece, failure) : nothing() }
      piece.resume()
    }
  } catch (error) {
    throw failure(error)
  } finally {
    reader.destroy()
    await feeding
  }
}

/** The path without leading `./` and trailing `/`; undefined when it is the root itself. Throws `invalid` for one that leads outside. */
export function treePath(path: string): string | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  const outside = path.startsWith('/') || names.includes('..')
  if (outside || path.includes('\0') || utf8(path).length > PATH_BYTES_MAX) {
    throw new Failure(
      'invalid',
      `the archive has the path ${JSON.stringify(path.slice(0, 200))}, which no tree can have`,
    )
  }
  return names.length === 0 ? undefined : names.join('/')
}

async function* packed(tree: AsyncIterable<TreeSource>): AsyncGenerator<Uint8Array> {
  const writer = pack()
  const filling = fill(writer, tree).catch((error: unknown) => {
    writer.destroy(asError(error))
  })
  try {
    for await (const piece of writer) yield piece as Uint8Array
  } finally {
    writer.destroy()
    await filling
  }
}

async function fill(writer: Pack, tree: AsyncIterable<TreeSource>): Promise<void> {
  for await (const { entry, content } of tree) {
    if (entry.kind === 'file' && entry.size > 0) await writeFile(writer, entry, content)
    else writer.entry(headersOf(entry), Buffer.from(EMPTY))
  }
  writer.finalize()
}

async function writeFile(writer: Pack, entry: TreeEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
  let settle: (error?: Error | null) => void = () => undefined
  const written = new Promise<void>((resolve, reject) => {
    settle = (error) => {
      if (error) reject(error)
      else resolve()
    }
  })
  written.catch(() => undefined)
  const sink = writer.entry(headersOf(entry), (error) => {
    settle(error)
  })
  // The failure reaches the caller through `written` and the archive.
  sink.on('error', () => undefined)
  let bytes = 0
  for await (const piece of content) {
    bytes += piece.length
    if (bytes > entry.size) break
    if (!sink.write(piece)) await roomIn(sink)
  }
  if (bytes !== entry.size) throw new Failure('invalid', `${entry.path} changed its size while it was read; try again`)
  sink.end(null)
  await written
}

async function feed(archive: AsyncIterable<Uint8Array>, reader: Extract): Promise<void> {
  for await (const piece of archive) {
    if (!reader.write(piece)) await roomIn(reader)
  }
  reader.end(null)
}

/** Settles when the stream takes more; rejects when it has been destroyed. */
function roomIn(stream: NodeJS.EventEmitter & { readonly destroyed: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      reject(new Failure('aborted', 'the archive is no longer wanted'))
    }
    if (stream.destroyed) {
      stopped()
      return
    }
    const onDrain = (): void => {
      stream.off('close', stopped)
      resolve()
    }
    stream.once('drain', onDrain).once('close', stopped)
  })
}

function headersOf(entry: TreeEntry): Partial<Header> & { readonly name: string } {
  const seconds = Math.floor(entry.modifiedUs / 1e6)
  const records: Record<string, string> = { mtime: printTime(entry.modifiedUs) }
  if (entry.type !== '') records[TYPE_KEYWORD] = entry.type
  return {
    name: entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.kind,
    mode: entry.mode | KIND_BITS[entry.kind],
    size: entry.kind === 'file' ? entry.size : 0,
    mtime: new Date(1000 * Math.min(Math.max(seconds, 0), HEADER_SECONDS_MAX)),
    ...(entry.kind === 'symlink' ? { linkname: entry.target } : {}),
    pax: records,
  }
}

/** Undefined for the root itself, which needs no entry. */
function entryOf(header: Header): TreeEntry | undefined {
  const path = treePath(header.name)
  const kind = kindOf(header)
  if (path === undefined) return undefined
  const size = kind === 'file' ? header.size : 0
  if (!Number.isSafeInteger(size)) throw new Failure('invalid', `${path} has an impossible size`)
  const type = kind === 'file' ? typeOf(header, path) : ''
  const target = kind === 'symlink' ? header.linkname : ''
  return { path, kind, mode: header.mode & 0o7777, modifiedUs: timeOf(header), size, type, target }
}

function kindOf(header: Header): EntryKind {
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return 'file'
    case 'directory':
    case 'symlink':
      return header.type
    default:
      throw new Failure('invalid', `${header.name} is a ${header.type}, which no tree can hold`)
  }
}

function typeOf(header: Header, path: string): string {
  const stated = recordsOf(header)[TYPE_KEYWORD]
  return stated !== undefined && isMediaType(stated) ? stated : typeByName(path)
}

function timeOf(header: Header): number {
  const exact = parseTime(recordsOf(header).mtime ?? '')
  const whole = header.mtime.getTime() * 1000
  return exact ?? (Number.isSafeInteger(whole) ? whole : 0)
}

/** The extended records before this header; tar-stream keeps their text as it stands. */
function recordsOf(header: Header): Readonly<Partial<Record<string, string>>> {
  return (header.pax ?? {}) as Partial<Record<string, string>>
}

/** Seconds with six digits, exact where a double of seconds would not be. */
function printTime(microseconds: number): string {
  const magnitude = Math.abs(microseconds)
  const fraction = String(magnitude % 1e6).padStart(6, '0')
  return `${microseconds < 0 ? '-' : ''}${Math.floor(magnitude / 1e6)}.${fraction}`
}

function parseTime(text: string): number | undefined {
  const [, sign, seconds, fraction = ''] = /^(-?)([0-9]{1,11})(?:\.([0-9]*))?$/.exec(text) ?? []
  if (seconds === undefined) return undefined
  const magnitude = Number(seconds) * 1e6 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  if (!Number.isSafeInteger(magnitude)) return undefined
  return sign === '-' ? -magnitude : magnitude
}

async function* contentOf(
  piece: AsyncIterable<unknown>,
  failure: (error: unknown) => Error,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of piece) yield bytes as Uint8Array
  } catch (error) {
    throw failure(error)
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function notAnArchive(error: unknown): Error {
  if (isFailure(error) || !(error instanceof Error)) return asError(error)
  return new Failure('invalid', `this is no tar archive, or it is damaged: ${error.message}`, { cause: error })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the stream broke off', { cause: error })
}
