/**
 * Makes a failing string of choices smaller: fewer bytes first, then smaller ones, as long as what is made of them still fails.
 * Always the same way, and with no more runs than allowed, for a run may be a whole simulated world.
 */
import { concat, toHex, type Bytes } from '../base/bytes.ts'
import type { Span } from './choices.ts'

export interface ShrinkOptions {
  readonly runsMax: number
  /** The parts of what these bytes make: leaving out a whole one is tried first. */
  readonly spansOf?: (bytes: Bytes) => readonly Span[]
}

export interface Shrunk {
  readonly bytes: Bytes
  readonly runs: number
  /** Nothing of what is tried makes it smaller; false when the runs were used up before that was known. */
  readonly isMinimal: boolean
}

/** Blocks of at most so many bytes are left out or zeroed at every place. */
const BLOCK_BYTES_MAX = 8

/** The smallest that was found of `bytes`, which fail. `fails` runs whatever is made of its bytes. */
export async function shrink(
  bytes: Bytes,
  fails: (bytes: Bytes) => boolean | Promise<boolean>,
  options: ShrinkOptions,
): Promise<Shrunk> {
  const attempt = new Attempt(bytes, fails, options.runsMax)
  for (let before = -1; before !== attempt.changes && !attempt.isOver;) {
    before = attempt.changes
    await leaveOutSpans(attempt, options.spansOf)
    await cutEnd(attempt)
    await zeroBlocks(attempt)
    await lowerBytes(attempt)
    await lowerEquals(attempt)
    // Last, for it takes the most runs and finds the least.
    await leaveOutBlocks(attempt)
  }
  return { bytes: attempt.best, runs: attempt.runs, isMinimal: !attempt.isOver }
}

/** The smallest so far, and how it becomes smaller. */
class Attempt {
  best: Bytes
  runs = 0
  changes = 0
  private readonly fails: (bytes: Bytes) => boolean | Promise<boolean>
  private readonly runsMax: number
  private readonly tried = new Set<string>()

  constructor(bytes: Bytes, fails: (bytes: Bytes) => boolean | Promise<boolean>, runsMax: number) {
    this.best = bytes
    this.fails = fails
    this.runsMax = runsMax
  }

  get isOver(): boolean {
    return this.runs >= this.runsMax
  }

  /** Takes the bytes for the best if they fail too; says whether they did. */
  async try(bytes: Bytes): Promise<boolean> {
    const name = toHex(bytes)
    if (this.isOver || this.tried.has(name)) return false
    this.tried.add(name)
    this.runs++
    if (!(await this.fails(bytes))) return false
    this.best = bytes
    this.changes++
    return true
  }
}

/** Half of all parts, then a quarter, and so on down to each alone; from the end, for what comes later depends on what was before. */
async function leaveOutSpans(attempt: Attempt, spansOf: ShrinkOptions['spansOf']): Promise<void> {
  if (spansOf === undefined) return
  for (let count = spansOf(attempt.best).length; count >= 1; count = Math.floor(count / 2)) {
    for (let end = spansOf(attempt.best).length; end > 0; end -= count) {
      const spans = spansOf(attempt.best).slice(Math.max(0, end - count), end)
      const [first, last] = [spans[0], spans.at(-1)]
      if (first !== undefined && last !== undefined) await attempt.try(without(attempt.best, first.from, last.to))
    }
  }
}

async function cutEnd(attempt: Attempt): Promise<void> {
  for (let length = attempt.best.length; length >= 1; length = Math.floor(length / 2)) {
    while (attempt.best.length >= length && (await attempt.try(attempt.best.slice(0, -length)))) continue
  }
}

async function leaveOutBlocks(attempt: Attempt): Promise<void> {
  for (let size = BLOCK_BYTES_MAX; size >= 1; size--) {
    for (let at = attempt.best.length - size; at >= 0; at--) {
      if (at + size > attempt.best.length) continue
      await attempt.try(without(attempt.best, at, at + size))
    }
  }
}

async function zeroBlocks(attempt: Attempt): Promise<void> {
  for (let size = BLOCK_BYTES_MAX; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= attempt.best.length; at += size) {
      if (attempt.best.subarray(at, at + size).every((byte) => byte === 0)) continue
      await attempt.try(attempt.best.slice().fill(0, at, at + size))
    }
  }
}

/** Each byte as low as it goes, by halving the range in which the lowest that fails must be. */
async function lowerBytes(attempt: Attempt): Promise<void> {
  for (let at = 0; at < attempt.best.length; at++) {
    let low = -1
    for (let high = attempt.best[at] ?? 0; high - low > 1; high = attempt.best[at] ?? 0) {
      const middle = Math.floor((low + high) / 2)
      if (!(await attempt.try(withByte(attempt.best, at, middle)))) low = middle
    }
  }
}

/** Bytes that are equal may have to stay so, such as the node of two steps: all of them are lowered together, or two. */
async function lowerEquals(attempt: Attempt): Promise<void> {
  for (const value of new Set(attempt.best)) {
    const places = [...attempt.best.keys()].filter((at) => attempt.best[at] === value)
    const pairs = places.flatMap((a, nth) => places.slice(nth + 1).map((b) => [a, b]))
    for (const some of [places, ...pairs]) await lowerTogether(attempt, some, value)
  }
}

async function lowerTogether(attempt: Attempt, places: readonly number[], value: number): Promise<void> {
  if (value === 0 || places.some((at) => attempt.best[at] !== value)) return
  for (const lower of new Set([0, value >> 1, value - 1])) {
    if (await attempt.try(attempt.best.map((byte, at) => (places.includes(at) ? lower : byte)))) return
  }
}

/** A span may end behind the last byte, where what was not there counted as 0. */
function without(bytes: Bytes, from: number, to: number): Bytes {
  return concat(bytes.subarray(0, from), bytes.subarray(to))
}

function withByte(bytes: Bytes, at: number, value: number): Bytes {
  const changed = bytes.slice()
  changed[at] = value
  return changed
}
