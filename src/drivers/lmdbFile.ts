/**
 * A look at an LMDB file before LMDB maps it: the library trusts the file's two meta pages and crashes the process over garbage,
 * and over a file that is shorter than they say. Offsets are those of lmdb-js 3 (data version 2) on 64-bit little-endian machines.
 */
import { open, type FileHandle } from 'node:fs/promises'

const MAGIC = 0xbeefc0de
const MAGIC_AT = 24
const PAGE_BYTES_AT = 48
const LAST_PAGE_AT = 144
const TRANSACTION_AT = 152
const META_BYTES = 160
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65536

interface Meta {
  readonly pageBytes: number
  readonly lastPage: bigint
  readonly transaction: bigint
}

/** Why LMDB must not open the file at `path`, or undefined when it may: it is whole, or there is none yet. */
export async function lmdbFileDamage(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  await using _ = file
  const { size } = await file.stat()
  if (size === 0) return undefined
  const first = await readMeta(file, 0)
  const second = first && (await readMeta(file, first.pageBytes))
  if (first === undefined || second === undefined) return `${path} is no database`
  const newest = first.transaction > second.transaction ? first : second
  const bytesNeeded = (newest.lastPage + 1n) * BigInt(newest.pageBytes)
  return BigInt(size) < bytesNeeded ? `${path} was cut short` : undefined
}

async function readMeta(file: FileHandle, at: number): Promise<Meta | undefined> {
  const bytes = new DataView(new ArrayBuffer(META_BYTES))
  const { bytesRead } = await file.read(bytes, 0, META_BYTES, at)
  if (bytesRead < META_BYTES || bytes.getUint32(MAGIC_AT, true) !== MAGIC) return undefined
  const pageBytes = bytes.getUint32(PAGE_BYTES_AT, true)
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return undefined
  return {
    pageBytes,
    lastPage: bytes.getBigUint64(LAST_PAGE_AT, true),
    transaction: bytes.getBigUint64(TRANSACTION_AT, true),
  }
}
