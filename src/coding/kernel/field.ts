/**
 * GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1, and the 256 points at which a stripe's polynomial is evaluated.
 * Point i is the sum of those elements of a Cantor basis whose bits are set in i, so that every subspace polynomial of the
 * additive FFT maps points to points: s_j(point(i)) = point(i >> j).
 * Sources: S.-J. Lin, W.-H. Chung, Y. S. Han, "Novel polynomial basis and its application to Reed-Solomon erasure codes",
 * FOCS 2014; the basis is that of C. A. Taylor's Leopard.
 */
import { assert } from '../../base/assert.ts'
import type { Bytes } from '../../base/bytes.ts'

export const FIELD_SIZE = 256
const POLYNOMIAL = 0x11d
const GENERATOR_ORDER = FIELD_SIZE - 1

/** Each element b satisfies b[i]^2 + b[i] = b[i - 1]. */
const CANTOR_BASIS: readonly number[] = [1, 214, 152, 146, 86, 200, 88, 230]

const logarithm = new Uint8Array(FIELD_SIZE)
/** Powers of the generator, twice over, so that sums of two logarithms need no reduction. */
const power = new Uint8Array(2 * GENERATOR_ORDER)
for (let exponent = 0, value = 1; exponent < GENERATOR_ORDER; exponent++) {
  power[exponent] = value
  power[exponent + GENERATOR_ORDER] = value
  logarithm[value] = exponent
  value = value << 1 >= FIELD_SIZE ? (value << 1) ^ POLYNOMIAL : value << 1
}

/** The field element at which fragment `i` is the polynomial's value. */
export const POINTS: Bytes = Uint8Array.from({ length: FIELD_SIZE }, (_, index) =>
  CANTOR_BASIS.reduce((sum, element, bit) => ((index >> bit) & 1 ? sum ^ element : sum), 0),
)

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0
  return power[log(a) + log(b)] as number
}

/**
 * What each received value counts for in the value at `target`: Lagrange's coefficients over the points of the distinct
 * indices `received`. One byte for each, in their order.
 */
export function interpolation(received: readonly number[], target: number): Bytes {
  const row = new Uint8Array(received.length)
  const at = received.indexOf(target)
  if (at >= 0) {
    row[at] = 1
    return row
  }
  const numerator = received.reduce((sum, index) => sum + logOfDifference(target, index), 0)
  for (const [i, index] of received.entries()) {
    let exponent = numerator - logOfDifference(target, index)
    for (const other of received) if (other !== index) exponent -= logOfDifference(index, other)
    row[i] = power[modulo(exponent)] as number
  }
  return row
}

/** For each constant c the 32 products c * 0 .. c * 15 and c * (0 << 4) .. c * (15 << 4): a multiplication by nibbles. */
export function nibbleTables(): Bytes {
  const tables = new Uint8Array(FIELD_SIZE * 32)
  for (let constant = 0; constant < FIELD_SIZE; constant++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      tables[constant * 32 + nibble] = multiply(constant, nibble)
      tables[constant * 32 + 16 + nibble] = multiply(constant, nibble << 4)
    }
  }
  return tables
}

function log(element: number): number {
  return logarithm[element] as number
}

function logOfDifference(a: number, b: number): number {
  assert(a !== b, 'indices are distinct')
  return log((POINTS[a] as number) ^ (POINTS[b] as number))
}

function modulo(exponent: number): number {
  return ((exponent % GENERATOR_ORDER) + GENERATOR_ORDER) % GENERATOR_ORDER
}
