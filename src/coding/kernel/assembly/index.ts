/**
 * The arithmetic of stripes over rows of bytes: inverse and forward additive FFT and linear combination, sixteen bytes at
 * a time. A multiplication by a constant is two table look-ups, one for each nibble. AssemblyScript; built by
 * scripts/buildKernel.ts. What the rows mean is explained in docs/format/stripe.md and, executable, in reference.ts.
 */
import {
  COEFFICIENTS_AT,
  INPUT_AT,
  OUTPUT_AT,
  POINTS_AT,
  ROW_STRIDE,
  TABLES_AT,
  TABLE_BYTES,
} from '../layout'

/** Columns whose rows are taken through all levels of a transform before the next: they stay in the first-level cache. */
const TILE_BYTES: i32 = 256

/**
 * Turns the first `size` input rows, a polynomial's values at points 0 .. size - 1, into its coefficients in the novel
 * polynomial basis. `size` is a power of two, `bytes` a multiple of 16.
 */
export function inverse(size: i32, bytes: i32): void {
  for (let column = 0; column < bytes; column += TILE_BYTES) {
    inverseTile(size, <usize>(INPUT_AT + column), min(TILE_BYTES, bytes - column))
  }
}

/**
 * From `size` input rows of coefficients the first `count` output rows: values at points offset .. offset + count - 1.
 * `offset` is a multiple of `size` and not 0. Output rows from `count` to `size` are overwritten with anything.
 */
export function forward(size: i32, offset: i32, count: i32, bytes: i32): void {
  for (let column = 0; column < bytes; column += TILE_BYTES) {
    forwardTile(size, offset, count, column, min(TILE_BYTES, bytes - column))
  }
}

/** Output row o = sum over the input rows i of coefficient[o * inputs + i] * row i. `bytes` is a multiple of 32. */
export function combine(inputs: i32, outputs: i32, bytes: i32): void {
  for (let column = 0; column < bytes; column += 32) {
    for (let output = 0; output < outputs; output += 4) combineFour(inputs, output, column)
  }
}

/** Output row 0 += constant * input row 0. Nothing uses it but the benchmark, as the floor under everything here. */
export function multiplyAdd(constant: i32, bytes: i32): void {
  const low = v128.load(table(constant))
  const high = v128.load(table(constant), 16)
  for (let column = 0; column < bytes; column += 16) {
    const to = <usize>(OUTPUT_AT + column)
    v128.store(to, v128.xor(v128.load(to), product(low, high, v128.load(<usize>(INPUT_AT + column)))))
  }
}

function inverseTile(size: i32, at: usize, bytes: i32): void {
  let distance = 1
  if (oddLevels(size)) {
    for (let block = 0; block < size; block += 2) inverseOne(at + row(block), 1, twiddle(block, 1), bytes)
    distance = 2
  }
  for (; distance < size; distance *= 4) {
    for (let block = 0; block < size; block += 4 * distance) {
      const outer = twiddle(block, 2 * distance)
      const left = twiddle(block, distance)
      const right = twiddle(block + 2 * distance, distance)
      for (let i = 0; i < distance; i++) {
        if (block == 0) inverseTwoAtZero(at + row(i), distance, right, bytes)
        else inverseTwo(at + row(block + i), distance, outer, left, right, bytes)
      }
    }
  }
}

function forwardTile(size: i32, offset: i32, count: i32, column: i32, bytes: i32): void {
  const to = <usize>(OUTPUT_AT + column)
  let from = <usize>(INPUT_AT + column)
  let distance = size / 2
  if (oddLevels(size)) {
    const factor = twiddle(offset, distance)
    for (let i = 0; i < distance; i++) forwardOne(from + row(i), to + row(i), distance, factor, bytes)
    from = to
    distance /= 2
  }
  for (distance /= 2; distance > 0; distance /= 4) {
    for (let block = 0; block < count; block += 4 * distance) {
      const outer = twiddle(offset + block, 2 * distance)
      const left = twiddle(offset + block, distance)
      const right = twiddle(offset + block + 2 * distance, distance)
      for (let i = block; i < block + distance; i++) {
        forwardTwo(from + row(i), to + row(i), distance, outer, left, right, bytes)
      }
    }
    from = to
  }
}

/** One level of the inverse on the pair of rows `distance` apart at `at`. */
function inverseOne(at: usize, distance: i32, factor: i32, bytes: i32): void {
  const low = v128.load(table(factor))
  const high = v128.load(table(factor), 16)
  const step = row(distance)
  for (const end = at + bytes; at < end; at += 16) {
    const a = v128.load(at)
    const b = v128.xor(v128.load(at + step), a)
    v128.store(at + step, b)
    v128.store(at, v128.xor(a, product(low, high, b)))
  }
}

/** Two levels of the inverse on four rows: each is loaded and stored once. */
function inverseTwo(at: usize, distance: i32, outer: i32, left: i32, right: i32, bytes: i32): void {
  const outerLow = v128.load(table(outer))
  const outerHigh = v128.load(table(outer), 16)
  const leftLow = v128.load(table(left))
  const leftHigh = v128.load(table(left), 16)
  const rightLow = v128.load(table(right))
  const rightHigh = v128.load(table(right), 16)
  const step = row(distance)
  for (const end = at + bytes; at < end; at += 16) {
    let a = v128.load(at)
    let b = v128.load(at + step)
    let c = v128.load(at + 2 * step)
    let d = v128.load(at + 3 * step)
    b = v128.xor(b, a)
    d = v128.xor(d, c)
    a = v128.xor(a, product(leftLow, leftHigh, b))
    c = v128.xor(c, product(rightLow, rightHigh, d))
    c = v128.xor(c, a)
    d = v128.xor(d, b)
    v128.store(at + 2 * step, c)
    v128.store(at + 3 * step, d)
    v128.store(at, v128.xor(a, product(outerLow, outerHigh, c)))
    v128.store(at + step, v128.xor(b, product(outerLow, outerHigh, d)))
  }
}

/** The same where the block begins at point 0, so that two of the three factors are zero. */
function inverseTwoAtZero(at: usize, distance: i32, right: i32, bytes: i32): void {
  const low = v128.load(table(right))
  const high = v128.load(table(right), 16)
  const step = row(distance)
  for (const end = at + bytes; at < end; at += 16) {
    const a = v128.load(at)
    const b = v128.xor(v128.load(at + step), a)
    const c = v128.load(at + 2 * step)
    const d = v128.xor(v128.load(at + 3 * step), c)
    v128.store(at + step, b)
    v128.store(at + 2 * step, v128.xor(v128.xor(c, product(low, high, d)), a))
    v128.store(at + 3 * step, v128.xor(d, b))
  }
}

/** One level of the transform on the pair of rows `distance` apart. */
function forwardOne(from: usize, to: usize, distance: i32, factor: i32, bytes: i32): void {
  const low = v128.load(table(factor))
  const high = v128.load(table(factor), 16)
  const step = row(distance)
  for (const end = from + bytes; from < end; from += 16, to += 16) {
    const b = v128.load(from + step)
    const a = v128.xor(v128.load(from), product(low, high, b))
    v128.store(to, a)
    v128.store(to + step, v128.xor(a, b))
  }
}

/** Two levels of the transform on four rows. */
function forwardTwo(from: usize, to: usize, distance: i32, outer: i32, left: i32, right: i32, bytes: i32): void {
  const outerLow = v128.load(table(outer))
  const outerHigh = v128.load(table(outer), 16)
  const leftLow = v128.load(table(left))
  const leftHigh = v128.load(table(left), 16)
  const rightLow = v128.load(table(right))
  const rightHigh = v128.load(table(right), 16)
  const step = row(distance)
  for (const end = from + bytes; from < end; from += 16, to += 16) {
    let c = v128.load(from + 2 * step)
    let d = v128.load(from + 3 * step)
    let a = v128.xor(v128.load(from), product(outerLow, outerHigh, c))
    let b = v128.xor(v128.load(from + step), product(outerLow, outerHigh, d))
    c = v128.xor(c, a)
    d = v128.xor(d, b)
    a = v128.xor(a, product(leftLow, leftHigh, b))
    c = v128.xor(c, product(rightLow, rightHigh, d))
    v128.store(to, a)
    v128.store(to + step, v128.xor(b, a))
    v128.store(to + 2 * step, c)
    v128.store(to + 3 * step, v128.xor(d, c))
  }
}

/** Four output rows from `output` on, 32 bytes of each: sums stay in registers, and each input is split into nibbles once. */
function combineFour(inputs: i32, output: i32, column: i32): void {
  const mask = i8x16.splat(15)
  let a0 = i8x16.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  let coefficient = <usize>(COEFFICIENTS_AT + output * inputs)
  let from = <usize>(INPUT_AT + column)
  for (const end = coefficient + inputs; coefficient < end; coefficient++, from += ROW_STRIDE) {
    let x0 = v128.load(from)
    let x1 = v128.load(from, 16)
    const y0 = v128.and(i16x8.shr_u(x0, 4), mask)
    const y1 = v128.and(i16x8.shr_u(x1, 4), mask)
    x0 = v128.and(x0, mask)
    x1 = v128.and(x1, mask)
    let at = table(load<u8>(coefficient))
    let low = v128.load(at)
    let high = v128.load(at, 16)
    a0 = v128.xor(a0, v128.xor(i8x16.swizzle(low, x0), i8x16.swizzle(high, y0)))
    a1 = v128.xor(a1, v128.xor(i8x16.swizzle(low, x1), i8x16.swizzle(high, y1)))
    at = table(load<u8>(coefficient + inputs))
    low = v128.load(at)
    high = v128.load(at, 16)
    b0 = v128.xor(b0, v128.xor(i8x16.swizzle(low, x0), i8x16.swizzle(high, y0)))
    b1 = v128.xor(b1, v128.xor(i8x16.swizzle(low, x1), i8x16.swizzle(high, y1)))
    at = table(load<u8>(coefficient + 2 * inputs))
    low = v128.load(at)
    high = v128.load(at, 16)
    c0 = v128.xor(c0, v128.xor(i8x16.swizzle(low, x0), i8x16.swizzle(high, y0)))
    c1 = v128.xor(c1, v128.xor(i8x16.swizzle(low, x1), i8x16.swizzle(high, y1)))
    at = table(load<u8>(coefficient + 3 * inputs))
    low = v128.load(at)
    high = v128.load(at, 16)
    d0 = v128.xor(d0, v128.xor(i8x16.swizzle(low, x0), i8x16.swizzle(high, y0)))
    d1 = v128.xor(d1, v128.xor(i8x16.swizzle(low, x1), i8x16.swizzle(high, y1)))
  }
  const to = <usize>(OUTPUT_AT + column) + row(output)
  v128.store(to, a0)
  v128.store(to, a1, 16)
  v128.store(to + ROW_STRIDE, b0)
  v128.store(to + ROW_STRIDE, b1, 16)
  v128.store(to + 2 * ROW_STRIDE, c0)
  v128.store(to + 2 * ROW_STRIDE, c1, 16)
  v128.store(to + 3 * ROW_STRIDE, d0)
  v128.store(to + 3 * ROW_STRIDE, d1, 16)
}

/** A constant, given by its tables, times sixteen field elements. */
@inline
function product(low: v128, high: v128, x: v128): v128 {
  const mask = i8x16.splat(15)
  return v128.xor(
    i8x16.swizzle(low, v128.and(x, mask)),
    i8x16.swizzle(high, v128.and(i16x8.shr_u(x, 4), mask)),
  )
}

/** The subspace polynomial of the level whose pairs lie `distance` apart, at point `point`. */
@inline
function twiddle(point: i32, distance: i32): i32 {
  return load<u8>(<usize>(POINTS_AT + (point >> ctz(distance))))
}

@inline
function table(constant: i32): usize {
  return <usize>(TABLES_AT + constant * TABLE_BYTES)
}

@inline
function row(index: i32): usize {
  return <usize>(index * ROW_STRIDE)
}

/** True when a transform of `size` has an odd number of levels, so that one is done alone and the others in twos. */
@inline
function oddLevels(size: i32): bool {
  return (ctz(size) & 1) == 1
}
