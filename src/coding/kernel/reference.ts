/**
 * The kernel in plain TypeScript, a byte at a time: what tests hold the WASM against, and the readable account of it. The
 * polynomial through the data is turned into the novel polynomial basis by the inverse transform, and evaluated over each
 * further coset of as many points by the forward one (source: see field.ts).
 */
import { present } from '../../base/assert.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { IndexedFragment } from '../../ports/coder.ts'
import { assertDecodable, assertEncodable, type ErasureKernel } from './erasureKernel.ts'
import { FIELD_SIZE, interpolation, multiply, POINTS } from './field.ts'

/** Row c has the 256 multiples of c. */
const PRODUCTS: readonly Bytes[] = Array.from({ length: FIELD_SIZE }, (_, constant) =>
  Uint8Array.from({ length: FIELD_SIZE }, (_, element) => multiply(constant, element)),
)

export class ReferenceKernel implements ErasureKernel {
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    assertEncodable(data, parity)
    const size = data.length
    const coefficients = data.map((row) => row.slice())
    inverse(coefficients)
    for (let from = 0; from < parity.length; from += size) {
      const values = coefficients.map((row) => row.slice())
      forward(values, size + from)
      for (const [i, row] of parity.slice(from, from + size).entries()) row.set(at(values, i))
    }
  }

  decode(received: readonly IndexedFragment[], wanted: readonly IndexedFragment[]): void {
    assertDecodable(received, wanted)
    const indices = received.map(({ index }) => index)
    for (const { index, data } of wanted) {
      const row = interpolation(indices, index)
      data.fill(0)
      for (const [i, fragment] of received.entries()) addMultiple(data, row[i] ?? 0, fragment.data)
    }
  }
}

/** Values at points 0 .. length - 1 become coefficients, in place. */
function inverse(rows: readonly Uint8Array[]): void {
  for (let distance = 1; distance < rows.length; distance *= 2) {
    for (const [upper, lower] of pairs(rows.length, distance)) {
      add(at(rows, lower), at(rows, upper))
      addMultiple(at(rows, upper), twiddle(upper, distance), at(rows, lower))
    }
  }
}

/** Coefficients become values at points offset .. offset + length - 1, in place. */
function forward(rows: readonly Uint8Array[], offset: number): void {
  for (let distance = rows.length / 2; distance >= 1; distance /= 2) {
    for (const [upper, lower] of pairs(rows.length, distance)) {
      addMultiple(at(rows, upper), twiddle(offset + upper, distance), at(rows, lower))
      add(at(rows, lower), at(rows, upper))
    }
  }
}

/** The rows that meet at the level of `distance`: within each block of 2 * distance, i and i + distance. */
function* pairs(size: number, distance: number): Generator<[upper: number, lower: number]> {
  for (let i = 0; i < size; i++) if ((i & distance) === 0) yield [i, i + distance]
}

/** The subspace polynomial of the level, which is constant over a block, at the block's points. */
function twiddle(point: number, distance: number): number {
  const level = Math.log2(distance)
  return POINTS[point >> level] ?? 0
}

function add(to: Uint8Array, from: Uint8Array): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) ^ (from[i] as number)
}

function addMultiple(to: Uint8Array, constant: number, from: Uint8Array): void {
  const products = at(PRODUCTS, constant)
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) ^ (products[from[i] as number] as number)
}

function at<T>(rows: readonly T[], index: number): T {
  return present(rows[index], 'a row within the transform')
}
