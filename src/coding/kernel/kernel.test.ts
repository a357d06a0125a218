/** The WASM kernel against its plain twin, both against the definition, and the committed module against its sources. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildKernel } from '../../../scripts/buildKernel.ts'
import { AssertionFailed } from '../../base/assert.ts'
import type { IndexedFragment } from '../../ports/coder.ts'
import { interpolation, multiply, POINTS } from './field.ts'
import { Kernel } from './kernel.ts'
import { STRIP_BYTES } from './layout.ts'
import { ReferenceKernel } from './reference.ts'

const kernel = new Kernel()
const reference = new ReferenceKernel()

interface Shape {
  readonly needed: number
  readonly extra: number
  readonly length: number
  readonly seed: number
}

/** Codes and fragment lengths, the latter around the edges of vectors and strips too. */
const shapes: fc.Arbitrary<Shape> = fc.record({
  needed: fc.constantFrom(1, 2, 4, 8, 16, 32, 64),
  extra: fc.integer({ min: 0, max: 192 }),
  length: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(STRIP_BYTES - 1, STRIP_BYTES, STRIP_BYTES + 17)),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
})

function rows(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(length))
}

/** Bytes that look random and are the same for the same seed (xorshift32). */
function noise(seed: number, into: Uint8Array): void {
  let state = seed
  for (let i = 0; i < into.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    into[i] = state
  }
}

/** All fragments of a stripe of noise, coded by the kernel under test. */
function stripeOf({ needed, extra, length, seed }: Shape): IndexedFragment[] {
  const data = rows(needed, length)
  for (const [i, row] of data.entries()) noise(seed + i * 7919, row)
  const parity = rows(extra, length)
  kernel.encode(data, parity)
  return [...data, ...parity].map((row, index) => ({ index, data: row }))
}

/** `needed` of the fragments, chosen by the seed. */
function choose(fragments: readonly IndexedFragment[], needed: number, seed: number): IndexedFragment[] {
  const order = new Uint8Array(fragments.length)
  noise(seed, order)
  const shuffled = [...fragments].sort((a, b) => (order[a.index] ?? 0) - (order[b.index] ?? 0))
  return shuffled.slice(0, needed)
}

test('the kernel encodes byte for byte as its plain twin does', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const coded = stripeOf(shape).map(({ data }) => data)
      const twin = rows(shape.extra, shape.length)
      reference.encode(coded.slice(0, shape.needed), twin)
      assert.deepEqual(coded.slice(shape.needed), twin)
    }),
    { numRuns: 40 },
  )
})

test('any needed fragments give back any others, in the kernel and in its twin', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const fragments = stripeOf(shape)
      const received = choose(fragments, shape.needed, shape.seed)
      for (const codec of [kernel, reference]) {
        const wanted = fragments.map(({ index }) => ({ index, data: new Uint8Array(shape.length).fill(0xee) }))
        codec.decode(received, wanted)
        assert.deepEqual(wanted, fragments)
      }
    }),
    { numRuns: 20 },
  )
})

test('parity alone gives back the data', () => {
  for (const needed of [1, 2, 4, 8, 16, 32, 64]) {
    const fragments = stripeOf({ needed, extra: needed, length: 70, seed: needed })
    const wanted = rows(needed, 70).map((data, index) => ({ index, data }))
    kernel.decode(fragments.slice(needed), wanted)
    assert.deepEqual(wanted, fragments.slice(0, needed))
  }
})

test('fragments are the values of one polynomial of degree below needed', () => {
  // Newton's divided differences over all points of a 4-of-12 stripe vanish from the fourth order on.
  const fragments = stripeOf({ needed: 4, extra: 8, length: 1, seed: 5 })
  let differences = fragments.map(({ data }) => data[0] ?? 0)
  for (let order = 1; order < 12; order++) {
    differences = differences.slice(1).map((value, i) => {
      const span = (POINTS[i + order] ?? 0) ^ (POINTS[i] ?? 0)
      return multiply(value ^ (differences[i] ?? 0), inverseOf(span))
    })
    if (order >= 4) assert.ok(differences.every((value) => value === 0))
    else assert.ok(differences.some((value) => value !== 0))
  }
})

test('interpolating at a received point takes that fragment alone', () => {
  assert.deepEqual(interpolation([5, 9, 200], 9), Uint8Array.of(0, 1, 0))
})

test('what is not a stripe fails an assertion instead of being coded', () => {
  assert.throws(() => {
    kernel.encode(rows(3, 8), rows(1, 8))
  }, AssertionFailed)
  assert.throws(() => {
    kernel.encode(rows(64, 8), rows(193, 8))
  }, AssertionFailed)
  assert.throws(() => {
    kernel.encode(rows(2, 8), rows(1, 9))
  }, AssertionFailed)
  const twice = [0, 0].map((index) => ({ index, data: new Uint8Array(8) }))
  assert.throws(() => {
    kernel.decode(twice, [])
  }, AssertionFailed)
})

test('the committed kernel is what its sources give', async () => {
  assert.equal(await readFile(new URL('wasm.ts', import.meta.url), 'utf8'), await buildKernel())
})

function inverseOf(element: number): number {
  for (let other = 1; other < 256; other++) if (multiply(element, other) === 1) return other
  throw new Error('zero has no inverse')
}
