/**
 * A quick 128-bit hash for what no adversary touches: trace digests, seeds of forked dice, keyed stand-ins for signatures.
 * Four lanes with the round of xxHash32 (Collet, https://github.com/Cyan4973/xxHash), joined by the finaliser of MurmurHash3
 * (Appleby). Not cryptographic.
 */
import { utf8 } from '../base/bytes.ts'

const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77

export class FastHash {
  private a: number
  private b: number
  private c: number
  private d: number
  private wordCount = 0

  constructor(seed = 0) {
    this.a = (seed + PRIME_1 + PRIME_2) | 0
    this.b = (seed + PRIME_2) | 0
    this.c = seed | 0
    this.d = (seed - PRIME_1) | 0
  }

  /** Takes in 32 bits. Each lane gets every fourth word. */
  word(value: number): this {
    const lane = (this.a + Math.imul(value, PRIME_2)) | 0
    this.a = this.b
    this.b = this.c
    this.c = this.d
    this.d = Math.imul(rotate(lane, 13), PRIME_1)
    this.wordCount++
    return this
  }

  /** Takes in all 64 bits of a number. */
  float(value: number): this {
    floatView[0] = value
    return this.word(floatWords[0] ?? 0).word(floatWords[1] ?? 0)
  }

  /** Takes in the length, then the bytes, so that neighbouring parts cannot be confused. */
  bytes(value: Uint8Array): this {
    this.word(value.length)
    let at = 0
    for (; at + 4 <= value.length; at += 4) this.word(fourBytes(value, at))
    if (at < value.length) this.word(fourBytes(value, at))
    return this
  }

  text(value: string): this {
    return this.bytes(utf8(value))
  }

  /** Four 32-bit words of everything taken in so far; more may be taken in afterwards. */
  words(): readonly [number, number, number, number] {
    const { a, b, c, d } = this
    const all = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) + this.wordCount) | 0
    const first = avalanche(all ^ a)
    const second = avalanche((first + b) | 0)
    const third = avalanche((second + c) | 0)
    return [(avalanche((third + d) | 0) ^ first) >>> 0, first, second, third]
  }

  /** {@link words} as 32 hex digits. */
  hex(): string {
    return this.words()
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('')
  }
}

/** Spreads every bit of a 32-bit word over all of them (fmix32 of MurmurHash3). In 0 .. 2^32-1. */
export function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

const floatView = new Float64Array(1)
const floatWords = new Uint32Array(floatView.buffer)

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function fourBytes(from: Uint8Array, at: number): number {
  return (from[at] ?? 0) | ((from[at + 1] ?? 0) << 8) | ((from[at + 2] ?? 0) << 16) | ((from[at + 3] ?? 0) << 24)
}
