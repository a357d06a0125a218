/**
 * Logarithm, exponential and power from additions, multiplications and divisions alone, which IEEE 754 rounds in one way only:
 * every engine gives the same bits. `Math.pow` gives others on Node 22 than on 24, and the language lets all its like differ;
 * one bit is enough for two runs of a simulated world to part. For what a world decides; slower than Math's.
 */
import { assert } from './assert.ts'

/** ln 2 in two parts, the first short enough that its product with an exponent is exact (as in FreeBSD's e_log.c). */
const LN2_HIGH = 6.9314718036912381649e-1
const LN2_LOW = 1.90821492927058770002e-10
const LN2 = 0.6931471805599453
const SQRT2 = 1.4142135623730951

/** Beyond this the terms of the series are below half a bit: (sqrt 2 - 1)^2 / (sqrt 2 + 1)^2 is 0.03. */
const LN_TERMS = 12
const EXP_TERMS = 16
/** exp is finite and not yet denormal within these. */
const EXP_ARGUMENT_MIN = -700
const EXP_ARGUMENT_MAX = 700

/** Words of one double: low and high, whichever way round the machine has them. */
const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
double[0] = 1
const HIGH = words[1] === 0 ? 0 : 1
const EXPONENT_BIAS = 1023

/** The natural logarithm of a positive, normal number; wrong in the last bits at most. */
export function ln(x: number): number {
  assert(x >= 2 ** -1022 && x < Infinity, 'a logarithm is taken of a positive, finite number')
  double[0] = x
  const high = words[HIGH] ?? 0
  let exponent = (high >>> 20) - EXPONENT_BIAS
  words[HIGH] = (high & 0xfffff) | (EXPONENT_BIAS << 20)
  let mantissa = double[0]
  if (mantissa > SQRT2) {
    mantissa /= 2
    exponent++
  }
  // ln m = 2 atanh((m - 1) / (m + 1))
  const t = (mantissa - 1) / (mantissa + 1)
  const square = t * t
  let sum = 0
  for (let term = LN_TERMS; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1)
  return exponent * LN2_HIGH + (2 * t * sum + exponent * LN2_LOW)
}

/** e to the power of `x`, which is within -700 .. 700; wrong in the last bits at most. */
export function exp(x: number): number {
  assert(x >= EXP_ARGUMENT_MIN && x <= EXP_ARGUMENT_MAX, 'an exponential stays finite')
  const exponent = Math.round(x / LN2)
  const rest = x - exponent * LN2_HIGH - exponent * LN2_LOW
  let sum = 1
  for (let term = EXP_TERMS; term >= 1; term--) sum = 1 + (rest / term) * sum
  double[0] = 1
  words[HIGH] = (exponent + EXPONENT_BIAS) << 20
  return sum * double[0]
}

/** `base`, a positive number, to any power. */
export function power(base: number, exponent: number): number {
  return exp(exponent * ln(base))
}
