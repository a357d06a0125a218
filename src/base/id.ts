/**
 * 256-bit identifiers and their XOR space. An id is kept as 64 lower-case hex digits: a map key, printable, and compared
 * by digits without allocating. Which hash makes an id is crypto's concern (crypto/derive.ts).
 */
import { fromHex, toHex, type Bytes } from './bytes.ts'

declare const nodeIdBrand: unique symbol
declare const stripeIdBrand: unique symbol
declare const pointBrand: unique symbol

/** Any place in the XOR space: a node's, a stripe's region's, a lookup's target. */
export type Point = string & { readonly [pointBrand]: true }
/** A node's place: a hash of its Ed25519 public key, see docs/format/ids.md. */
export type NodeId = Point & { readonly [nodeIdBrand]: true }
/** A stripe's name: hash of its header, see coding/stripe.ts. */
export type StripeId = Point & { readonly [stripeIdBrand]: true }

export const ID_BYTES = 32
const ID_DIGITS = 64

/** An id from 32 bytes, or undefined for any other length. */
export function parseId<T extends Point>(bytes: Uint8Array): T | undefined {
  return bytes.length === ID_BYTES ? (toHex(bytes) as T) : undefined
}

/** An id from 64 lower-case hex digits, or undefined for any other text. */
export function parseIdText<T extends Point>(text: string): T | undefined {
  return text.length === ID_DIGITS && fromHex(text) !== undefined ? (text as T) : undefined
}

export function idBytes(id: Point): Bytes {
  return fromHex(id) as Bytes
}

/** Negative when `a` is nearer to `target` than `b` by XOR, positive when farther, 0 when they are one. */
export function compareDistance(target: Point, a: Point, b: Point): number {
  for (let i = 0; i < ID_DIGITS; i++) {
    const digitA = digitAt(a, i)
    const digitB = digitAt(b, i)
    if (digitA === digitB) continue
    const t = digitAt(target, i)
    return (digitA ^ t) - (digitB ^ t)
  }
  return 0
}

/** How many leading bits two points share: 0 .. 256. */
export function commonPrefixBits(a: Point, b: Point): number {
  for (let i = 0; i < ID_DIGITS; i++) {
    const difference = digitAt(a, i) ^ digitAt(b, i)
    if (difference !== 0) return 4 * i + (Math.clz32(difference) - 28)
  }
  return 256
}

/** The first 32 bits as a signed integer. Of two of them, `^` gives the first bits of the distance and `clz32` of that those shared. */
export function idPrefix(point: Point): number {
  let prefix = 0
  for (let i = 0; i < PREFIX_DIGITS; i++) prefix = (prefix << 4) | digitAt(point, i)
  return prefix
}

const PREFIX_DIGITS = 8
/** Hexadecimal digits that a double holds exactly. */
const FRACTION_DIGITS = 13
const HIGH_DIGITS = 7
const HIGH_SCALE = 2 ** 28
const FRACTION_SCALE = 2 ** 52

/** XOR distance as a fraction of the space, in [0, 1); exact to 52 bits, enough for densities. */
export function distanceFraction(a: Point, b: Point): number {
  let [high, low] = [0, 0]
  for (let i = 0; i < HIGH_DIGITS; i++) high = (high << 4) | (digitAt(a, i) ^ digitAt(b, i))
  for (let i = HIGH_DIGITS; i < FRACTION_DIGITS; i++) low = (low << 4) | (digitAt(a, i) ^ digitAt(b, i))
  return high / HIGH_SCALE + low / FRACTION_SCALE
}

/** A digit of an id, which has none but valid ones, without asking which of its two kinds it is. */
function digitAt(point: Point, at: number): number {
  const code = point.charCodeAt(at)
  return (code & 15) + 9 * (code >> 6)
}
