/** Writes docs/format/vectors/directory.json: listings with what they say, and listings that are refused. A test holds the file against this code. */
import { present } from '../src/base/assert.ts'
import { toHex, utf8 } from '../src/base/bytes.ts'
import { parseId, type StripeId } from '../src/base/id.ts'
import type { Capability } from '../src/crypto/link.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { encodeListing, type ListedEntry, type Listing } from '../src/vault/listing.ts'
import { writeVectors } from './writeVectors.ts'

const primitives = new NodePrimitives()

/** Bytes as lower-case hexadecimal digits. */
export interface DirectoryVectors {
  readonly listings: readonly {
    readonly about: string
    readonly packs: readonly { readonly root: string; readonly key: string }[]
    readonly entries: readonly object[]
    readonly bytes: string
  }[]
  readonly refused: readonly { readonly why: string; readonly bytes: string }[]
}

const COMMON = { mode: 0o644, modifiedUs: 1_700_000_000_000_001, size: 0, type: '', target: '' }
const NOWHERE = { object: undefined, packed: undefined, nested: undefined }
const PACKED: ListedEntry = {
  ...COMMON,
  ...NOWHERE,
  name: 'a.txt',
  kind: 'file',
  size: 5,
  type: 'text/plain',
  packed: { pack: 0, offset: 3 },
}
const LARGE: ListedEntry = { ...COMMON, ...NOWHERE, name: 'b', kind: 'file', size: 2_000_000, object: reference(2) }
const LINK: ListedEntry = { ...COMMON, ...NOWHERE, name: 'c', kind: 'symlink', mode: 0o777, target: '../x' }
const FOLDER: ListedEntry = { ...COMMON, ...NOWHERE, name: 'd', kind: 'directory', mode: 0o755, object: reference(3) }
const NESTED: ListedEntry = {
  ...COMMON,
  ...NOWHERE,
  name: 'e',
  kind: 'directory',
  mode: 0o755,
  modifiedUs: -1,
  nested: encodeListing(listing({ ...PACKED, name: '日本' })),
}

/** The vectors as this code makes them. */
export function directoryVectors(): DirectoryVectors {
  return {
    listings: [
      shown('nothing at all', { packs: [], entries: [] }),
      shown('every kind of entry', listing(PACKED, LARGE, LINK, FOLDER, NESTED)),
      shown(
        'names by UTF-16 units: U+1F33F before U+FF5E',
        listing({ ...LINK, name: '\u{1f33f}' }, { ...LINK, name: '\uff5e' }),
      ),
    ],
    refused: [
      refused('entries out of order', LARGE, PACKED),
      refused('a name twice', PACKED, PACKED),
      refused('a name with a slash', { ...PACKED, name: 'a/b' }),
      refused('a name that means something else', { ...PACKED, name: '..' }),
      refused('a file in no place', { ...PACKED, packed: undefined }),
      refused('a file in two places', { ...PACKED, object: reference(2) }),
      refused('a file in a pack that is not listed', { ...PACKED, packed: { pack: 1, offset: 0 } }),
      refused('a symlink to nowhere', { ...LINK, target: '' }),
      refused('a directory with a size', { ...FOLDER, size: 1 }),
      refused('a directory in two places', { ...NESTED, object: reference(3) }),
      refused('a mode with more than permissions', { ...PACKED, mode: 0o100644 }),
      refused('a time with a fraction', { ...PACKED, modifiedUs: 0.5 }),
    ],
  }
}

function listing(...entries: readonly ListedEntry[]): Listing {
  return { packs: [reference(1)], entries }
}

function reference(n: number): Capability {
  const root = present(parseId<StripeId>(primitives.hash(utf8(String(n)))), 'SHA-256 has 32 bytes')
  return { what: 'object', right: 'read', root, key: new Uint8Array(32).fill(n) }
}

function shown(about: string, given: Listing): DirectoryVectors['listings'][number] {
  return {
    about,
    packs: given.packs.map(({ root, key }) => ({ root, key: toHex(key) })),
    entries: given.entries.map((entry) => ({
      ...entry,
      object: entry.object === undefined ? null : { root: entry.object.root, key: toHex(entry.object.key) },
      packed: entry.packed ?? null,
      nested: entry.nested === undefined ? null : toHex(entry.nested),
    })),
    bytes: toHex(encodeListing(given)),
  }
}

function refused(why: string, ...entries: readonly ListedEntry[]): DirectoryVectors['refused'][number] {
  return { why, bytes: toHex(encodeListing(listing(...entries))) }
}

if (import.meta.main) await writeVectors('directory.json', directoryVectors())
