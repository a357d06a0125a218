/**
 * Dice that repeat: xoshiro128** (Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c), forked by label so
 * that whoever rolls more does not change what others get.
 */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import type { Random } from '../ports/random.ts'
import { FastHash } from './fastHash.ts'

const WORD_VALUES = 2 ** 32

export class SeededRandom implements Random {
  // Signed words, which engines keep without a box for each; the dice are the same.
  private readonly key: readonly number[]
  private a: number
  private b: number
  private c: number
  private d: number

  /** From any number, or from the words of a hash. */
  constructor(seed: number | readonly number[]) {
    const words = typeof seed === 'number' ? new FastHash().float(seed).words() : seed
    this.key = words.map((word) => word | 0)
    ;[this.a = 1, this.b = 0, this.c = 0, this.d = 0] = this.key
  }

  /** Independent dice named `label`: they depend on this one's seed and never on how often it was rolled. */
  fork(label: string): SeededRandom {
    const hash = new FastHash()
    for (const word of this.key) hash.word(word)
    return new SeededRandom(hash.text(label).words())
  }

  integer(below: number): number {
    assert(Number.isInteger(below) && below >= 1 && below <= WORD_VALUES, 'dice have 1 to 2^32 faces')
    const fair = WORD_VALUES - (WORD_VALUES % below)
    for (;;) {
      const word = this.word()
      if (word < fair) return word % below
    }
  }

  bytes(count: number): Bytes {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at += 4) {
      const word = this.word()
      for (let i = 0; i < 4 && at + i < count; i++) bytes[at + i] = word >>> (8 * i)
    }
    return bytes
  }

  /** A number in [0, 1), 32 bits fine. */
  fraction(): number {
    return this.word() / WORD_VALUES
  }

  private word(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.b, 5), 7), 9)
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = rotate(this.d, 11)
    return scrambled >>> 0
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
