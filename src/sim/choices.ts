/**
 * Choices that are read from a string of bytes: what is made of them can be made again from the same bytes, and something
 * simpler from fewer or smaller ones (shrink.ts). As Hypothesis does it (MacIver and Donaldson, "Test-case reduction via test-case
 * generation", ECOOP 2020). Where the bytes end, dice add further ones, or, without dice, every choice is the first.
 */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import type { SeededRandom } from './seededRandom.ts'

/** Dice add no more than this: whatever is made of so many choices is larger than anybody wants to read. */
const CHOICE_BYTES_MAX = 4096

/** A half-open range of bytes that were taken for one thing. */
export interface Span {
  readonly from: number
  readonly to: number
}

export class Choices {
  private readonly given: Uint8Array
  private readonly dice: SeededRandom | undefined
  private readonly read: number[] = []
  private readonly marked: Span[] = []

  constructor(given: Uint8Array, dice?: SeededRandom) {
    this.given = given
    this.dice = dice
  }

  /** Every byte read so far, also those that dice have added and those that were not there and count as 0. */
  get taken(): Bytes {
    return Uint8Array.from(this.read)
  }

  /** What {@link span} has marked, in order: parts that can be left out without touching the meaning of the others. */
  get spans(): readonly Span[] {
    return this.marked
  }

  /** A whole number in [0, below); smaller bytes give smaller numbers, and 0 the first. `below` is in 1 .. 2^32. */
  integer(below: number): number {
    assert(Number.isInteger(below) && below >= 1 && below <= 2 ** 32, 'a choice has 1 to 2^32 answers')
    let [value, reach] = [0, 1]
    for (; reach < below; reach *= 256) value = value * 256 + this.byte()
    return Math.floor((value / reach) * below)
  }

  pick<T>(answers: readonly T[]): T {
    return answers[this.integer(answers.length)] as T
  }

  /** A whole number from 0 to `max` inclusive, small ones more often: half of all are below an eighth. */
  length(max: number): number {
    const part = this.integer(256) / 255
    return Math.round(part * part * part * max)
  }

  /** Marks the bytes that `make` takes as those of one thing. */
  span<T>(make: () => T): T {
    const from = this.read.length
    const made = make()
    this.marked.push({ from, to: this.read.length })
    return made
  }

  private byte(): number {
    const at = this.read.length
    const added = at < CHOICE_BYTES_MAX ? this.dice?.integer(256) : undefined
    const byte = this.given[at] ?? added ?? 0
    this.read.push(byte)
    return byte
  }
}
