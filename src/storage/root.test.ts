/** Roots, their sealed content and lists: one encoding each, contradictions refused, strangers' bytes never thrown at. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { objectVectors, type ObjectVectors } from '../../scripts/objectVectors.ts'
import { present } from '../base/assert.ts'
import { EMPTY, fromHex, type Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import { SEGMENT_BYTES_MAX } from '../coding/limits.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { INLINE_BYTES_MAX, LIST_CHILDREN_MAX, LIST_DEPTH_MAX } from './limits.ts'
import {
  decodeList,
  decodeRoot,
  encodeList,
  encodeRoot,
  openContent,
  sealContent,
  segmentCount,
  type Root,
} from './root.ts'

const primitives = new NodePrimitives()
const KEY = new Uint8Array(32).fill(7)

function stripe(n: number): StripeId {
  return n.toString(16).padStart(64, '0') as StripeId
}

function children(count: number): readonly StripeId[] {
  return Array.from({ length: count }, (_, n) => stripe(n))
}

const EMPTY_ROOT: Root = { size: 0, segmentBytes: SEGMENT_BYTES_MAX, depth: 0, children: [], sealed: EMPTY }

/** Any root whose numbers agree. */
const roots: fc.Arbitrary<Root> = fc
  .record({
    segmentBytes: fc.integer({ min: 1, max: SEGMENT_BYTES_MAX }),
    depth: fc.integer({ min: 0, max: 2 }),
    top: fc.integer({ min: 0, max: 40 }),
    fraction: fc.double({ min: 0, max: 0.999, noNaN: true }),
    sealed: fc.uint8Array({ maxLength: 100 }),
  })
  .map(({ segmentBytes, depth, top, fraction, sealed }) => {
    if (top === 0) return { ...EMPTY_ROOT, segmentBytes, size: Math.floor(fraction * INLINE_BYTES_MAX), sealed }
    const perChild = LIST_CHILDREN_MAX ** depth
    const segments = (top - 1) * perChild + 1 + Math.floor(fraction * (perChild - 1))
    return { size: segments * segmentBytes, segmentBytes, depth, children: children(top), sealed }
  })

test('every root has one encoding, and no other bytes decode to it', () => {
  fc.assert(
    fc.property(roots, fc.nat(), fc.integer({ min: 1, max: 255 }), (root, at, change) => {
      const bytes = encodeRoot(root)
      assert.deepEqual(decodeRoot(bytes), { ok: true, value: root })
      const garbled = bytes.slice()
      garbled[at % bytes.length] = (garbled[at % bytes.length] as number) ^ change
      const decoded = decodeRoot(garbled)
      if (decoded.ok) assert.deepEqual(encodeRoot(decoded.value), garbled)
      assert.ok(!decodeRoot(bytes.subarray(1)).ok)
      assert.ok(!decodeRoot(new Uint8Array([...bytes, 0])).ok)
    }),
  )
})

test('a root whose numbers contradict one another is refused', () => {
  const good: Root = { size: 50, segmentBytes: 10, depth: 0, children: children(5), sealed: EMPTY }
  assert.ok(decodeRoot(encodeRoot(good)).ok)
  const bad: readonly Partial<Root>[] = [
    { size: 51 },
    { size: 40 },
    { size: 0 },
    { segmentBytes: 0 },
    { segmentBytes: 9 },
    { depth: 1 },
    { children: children(4) },
    { segmentBytes: SEGMENT_BYTES_MAX + 1 },
    { depth: LIST_DEPTH_MAX + 1 },
    { children: children(LIST_CHILDREN_MAX + 1), size: 10 * (LIST_CHILDREN_MAX + 1) },
  ]
  for (const change of bad) assert.ok(!decodeRoot(encodeRoot({ ...good, ...change })).ok, JSON.stringify(change))
  assert.ok(!decodeRoot(encodeRoot({ ...EMPTY_ROOT, size: INLINE_BYTES_MAX + 1 })).ok)
  assert.ok(!decodeRoot(encodeRoot({ ...EMPTY_ROOT, depth: 1 })).ok)
})

test('a root of another version says so', () => {
  const bytes = encodeRoot(EMPTY_ROOT)
  assert.equal(bytes[1], 1)
  bytes[1] = 2
  assert.deepEqual(decodeRoot(bytes), { ok: false, error: 'root version 2 is not known here' })
})

test('segments are counted as the size says', () => {
  assert.equal(segmentCount({ size: 100, segmentBytes: 10, children: [] }), 0)
  assert.equal(segmentCount({ size: 100, segmentBytes: 10, children: children(10) }), 10)
  assert.equal(segmentCount({ size: 101, segmentBytes: 10, children: children(11) }), 11)
})

test('content opens with its key alone, and only with the length that the root tells', () => {
  const inline = Uint8Array.of(1, 2, 3)
  const sealed = sealContent(primitives, KEY, { type: 'text/plain', inline })
  const root: Root = { ...EMPTY_ROOT, size: 3, sealed }
  assert.deepEqual(openContent(primitives, KEY, root), { ok: true, value: { type: 'text/plain', inline } })
  assert.ok(!openContent(primitives, new Uint8Array(32), root).ok)
  assert.ok(!openContent(primitives, KEY, { ...root, size: 2 }).ok)
  assert.ok(!openContent(primitives, KEY, { ...root, size: 10, segmentBytes: 10, children: children(1) }).ok)
})

test('lists come back as they were, up to the longest', () => {
  for (const count of [0, 1, LIST_CHILDREN_MAX]) {
    assert.deepEqual(decodeList(encodeList(children(count))), { ok: true, value: children(count) })
  }
  assert.ok(!decodeList(encodeList(children(LIST_CHILDREN_MAX + 1))).ok)
})

test('no bytes of a stranger are thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Bytes>, (bytes) => {
      for (const decoded of [decodeRoot(bytes), decodeList(bytes)]) assert.equal(typeof decoded.ok, 'boolean')
      const opened = openContent(primitives, KEY, { ...EMPTY_ROOT, sealed: bytes })
      if (opened.ok) assert.deepEqual(sealContent(primitives, KEY, opened.value), bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('the published vectors are what this code makes, and what they say is refused is', async () => {
  const url = new URL('../../docs/format/vectors/object.json', import.meta.url)
  const published = JSON.parse(await readFile(url, 'utf8')) as ObjectVectors
  assert.deepEqual(published, objectVectors())
  for (const { rootClear } of published.objects) assert.ok(decodeRoot(bytesOf(rootClear)).ok)
  for (const { why, clear } of published.refusedRoots) assert.ok(!decodeRoot(bytesOf(clear)).ok, why)
  assert.deepEqual(decodeList(bytesOf(published.list.clear)), { ok: true, value: published.list.children })
})

function bytesOf(hex: string): Bytes {
  return present(fromHex(hex), 'hexadecimal digits')
}
