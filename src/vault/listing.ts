/** A directory's listing as it is stored: entries by name, each with where its content is. Bytes: docs/format/directory.md. */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import { fail, type Result } from '../base/result.ts'
import type { Capability } from '../crypto/link.ts'
import { KEY_BYTES } from '../ports/primitives.ts'
import { TYPE_CHARS_MAX } from '../storage/limits.ts'
import {
  bytesOf,
  bytesUpTo,
  decodeAs,
  encodeAs,
  id,
  integer,
  list,
  mapped,
  oneOf,
  optional,
  record,
  text,
  uint,
  type Schema,
  type TypeOf,
} from '../wire/schema.ts'
import {
  LISTING_BYTES_MAX,
  LISTING_ENTRIES_MAX,
  LISTING_ITEMS_MAX,
  LISTING_PACKS_MAX,
  NAME_BYTES_MAX,
  NESTED_LISTING_BYTES_MAX,
  PACK_BYTES_MAX,
  TARGET_CHARS_MAX,
} from './limits.ts'
import { isName } from './path.ts'

const LISTING_VERSION = 1

/** An object that only this directory's readers can open. */
const reference: Schema<Capability> = mapped(
  record({ root: id<StripeId>(), key: bytesOf(KEY_BYTES) }),
  ({ root, key }) => ({ root, key }),
  ({ root, key }) => ({ what: 'object', right: 'read', root, key }),
)

const name: Schema<string> = mapped(
  text(NAME_BYTES_MAX),
  (value: string) => value,
  (value) => (isName(value) ? value : undefined),
)

const entrySchema = record({
  name,
  kind: oneOf('file', 'directory', 'symlink'),
  mode: uint(0o7777),
  modifiedUs: integer,
  size: uint(Number.MAX_SAFE_INTEGER),
  type: text(TYPE_CHARS_MAX),
  target: text(TARGET_CHARS_MAX),
  /** A file or a listing of its own. */
  object: optional(reference),
  /** A small file: `size` bytes at `offset` of the pack with this number. */
  packed: optional(record({ pack: uint(LISTING_PACKS_MAX), offset: uint(Number.MAX_SAFE_INTEGER) })),
  /** A small directory: its encoded listing. */
  nested: optional(bytesUpTo(NESTED_LISTING_BYTES_MAX)),
})

const listingSchema = record({
  version: uint(0xff),
  packs: list(reference, LISTING_PACKS_MAX),
  entries: list(entrySchema, LISTING_ENTRIES_MAX),
})

export type ListedEntry = TypeOf<typeof entrySchema>

export interface Listing {
  readonly packs: readonly Capability[]
  /** Ascending by name as UTF-16 code units, no name twice. */
  readonly entries: readonly ListedEntry[]
}

export function encodeListing(listing: Listing): Bytes {
  return encodeAs(listingSchema, { version: LISTING_VERSION, ...listing })
}

export function decodeListing(bytes: Uint8Array): Result<Listing> {
  const decoded = decodeAs(listingSchema, bytes, LISTING_BYTES_MAX, LISTING_ITEMS_MAX)
  if (!decoded.ok) return decoded
  const { version, entries, packs } = decoded.value
  if (version !== LISTING_VERSION) return fail(`listing version ${String(version)} is not known here`)
  for (const [at, entry] of entries.entries()) {
    const before = entries[at - 1]
    if (before !== undefined && before.name >= entry.name) return fail('entries out of order')
    const flaw = flawOf(entry, packs.length)
    if (flaw !== undefined) return fail(`${entry.kind} ${String(at)} ${flaw}`)
  }
  return decoded
}

/** What in an entry contradicts the rest of it, if anything. */
function flawOf(entry: ListedEntry, packCount: number): string | undefined {
  const { kind, size, type, target, object, packed, nested } = entry
  const places = [object, kind === 'file' ? packed : undefined, kind === 'directory' ? nested : undefined]
  const placeCount = places.filter((place) => place !== undefined).length
  if (placeCount !== (kind === 'symlink' ? 0 : 1)) return 'is not in exactly one place'
  if (kind !== 'file' && (packed !== undefined || size !== 0 || type !== '')) return 'says what only files say'
  if (kind !== 'directory' && nested !== undefined) return 'has a listing'
  if ((kind === 'symlink') !== (target !== '')) return 'points somewhere, or nowhere, without reason'
  if (packed === undefined) return undefined
  if (packed.pack >= packCount) return 'is in a pack that is not listed'
  return packed.offset + size > PACK_BYTES_MAX ? 'reaches beyond any pack' : undefined
}
