/** Listings: one encoding each, contradictions refused, and no few bytes of a stranger that fill the memory. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { directoryVectors, type DirectoryVectors } from '../../scripts/directoryVectors.ts'
import { present } from '../base/assert.ts'
import { fromHex, type Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import type { Capability } from '../crypto/link.ts'
import { LISTING_BYTES_MAX, LISTING_ITEMS_MAX, PACK_BYTES_MAX } from './limits.ts'
import { decodeListing, encodeListing, type ListedEntry, type Listing } from './listing.ts'

const REFERENCE: Capability = {
  what: 'object',
  right: 'read',
  root: 'a'.repeat(64) as StripeId,
  key: new Uint8Array(32).fill(3),
}
const COMMON = { mode: 0o644, modifiedUs: -5, size: 0, type: '', target: '' }
const NOWHERE = { object: undefined, packed: undefined, nested: undefined }
const FILE: ListedEntry = { ...COMMON, ...NOWHERE, name: 'b', kind: 'file', size: 7, packed: { pack: 0, offset: 0 } }
const LINK: ListedEntry = { ...COMMON, ...NOWHERE, name: 'c', kind: 'symlink', target: '../elsewhere' }
const FOLDER: ListedEntry = { ...COMMON, ...NOWHERE, name: 'd', kind: 'directory', object: REFERENCE }

function listing(...entries: readonly ListedEntry[]): Listing {
  return { packs: [REFERENCE], entries }
}

const names = fc.uniqueArray(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 9 }).filter((name) => !/[/\0]|^\.+$/.test(name)),
  {
    maxLength: 6,
  },
)

const listings: fc.Arbitrary<Listing> = names.map((found) =>
  listing(
    ...found
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name, at) => ({ ...([FILE, LINK, FOLDER][at % 3] as ListedEntry), name })),
  ),
)

test('every listing has one encoding, and no other bytes decode to it', () => {
  fc.assert(
    fc.property(listings, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
      const bytes = encodeListing(given)
      const decoded = decodeListing(bytes)
      assert.ok(decoded.ok)
      assert.deepEqual(encodeListing(decoded.value), bytes)
      assert.deepEqual(decoded.value.entries, given.entries)
      const garbled = bytes.slice()
      garbled[at % bytes.length] = (garbled[at % bytes.length] as number) ^ change
      const other = decodeListing(garbled)
      if (other.ok) assert.deepEqual(encodeListing(other.value), garbled)
    }),
  )
})

test('entries that contradict themselves, their listing or their order are refused', () => {
  assert.ok(decodeListing(encodeListing(listing(FILE, LINK, FOLDER))).ok)
  const nested = encodeListing({ packs: [], entries: [] })
  const bad: readonly (readonly ListedEntry[])[] = [
    [FOLDER, FILE],
    [FILE, FILE],
    [{ ...FILE, packed: undefined }],
    [{ ...FILE, object: REFERENCE }],
    [{ ...FILE, packed: undefined, nested }],
    [{ ...FILE, nested }],
    [{ ...FILE, target: 'x' }],
    [{ ...FILE, packed: { pack: 1, offset: 0 } }],
    [{ ...FILE, packed: { pack: 0, offset: PACK_BYTES_MAX - 6 } }],
    [{ ...LINK, target: '' }],
    [{ ...LINK, object: REFERENCE }],
    [{ ...LINK, size: 1 }],
    [{ ...LINK, type: 'text/plain' }],
    [{ ...FOLDER, object: undefined }],
    [{ ...FOLDER, nested }],
    [{ ...FOLDER, object: undefined, packed: { pack: 0, offset: 0 } }],
    [{ ...FOLDER, size: 1 }],
    [{ ...FOLDER, target: 'x' }],
    [{ ...FILE, name: '..' }],
    [{ ...FILE, name: 'a/b' }],
    [{ ...FILE, mode: 0o10000 }],
    [{ ...FILE, modifiedUs: 0.5 }],
    [{ ...FILE, kind: 'socket' as 'file' }],
  ]
  for (const entries of bad) assert.ok(!decodeListing(encodeListing(listing(...entries))).ok, JSON.stringify(entries))
})

test('a listing of another version says so', () => {
  const bytes = encodeListing(listing())
  assert.equal(bytes[1], 1)
  bytes[1] = 2
  assert.deepEqual(decodeListing(bytes), { ok: false, error: 'listing version 2 is not known here' })
})

test('bytes that spell more items than any listing has are given up before they fill the memory', () => {
  const bomb = new Uint8Array(LISTING_ITEMS_MAX + 100).fill(0x80)
  bomb.set([0x9a, 0x00, 0xff, 0xff, 0xff])
  assert.deepEqual(decodeListing(bomb), { ok: false, error: 'more items than any value of this kind has' })
  assert.ok(!decodeListing(new Uint8Array(LISTING_BYTES_MAX + 1)).ok)
})

test('no bytes of a stranger are thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Bytes>, (bytes) => {
      const decoded = decodeListing(bytes)
      if (decoded.ok) assert.deepEqual(encodeListing(decoded.value), bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('the published vectors are what this code makes, and what they say is refused is', async () => {
  const url = new URL('../../docs/format/vectors/directory.json', import.meta.url)
  const published = JSON.parse(await readFile(url, 'utf8')) as DirectoryVectors
  assert.deepEqual(published, directoryVectors())
  for (const { about, bytes, entries } of published.listings) {
    const decoded = decodeListing(present(fromHex(bytes), 'hexadecimal digits'))
    assert.ok(decoded.ok && decoded.value.entries.length === entries.length, about)
  }
  for (const { why, bytes } of published.refused) {
    assert.ok(!decodeListing(present(fromHex(bytes), 'hexadecimal digits')).ok, why)
  }
})
