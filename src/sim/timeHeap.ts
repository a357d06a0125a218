/**
 * Numbers in order of a time: a heap whose entries have four children, in arrays of numbers alone, so that a step of it touches one
 * line of the processor's cache and nothing that the garbage collector must be told of.
 */

const CAPACITY_FIRST = 1024

/** Whether the entry `a` comes before `b`, which has the same time. */
export type IsFirst = (a: number, b: number) => boolean

export class TimeHeap {
  private readonly isFirst: IsFirst
  private times = new Float64Array(CAPACITY_FIRST)
  private entries = new Int32Array(CAPACITY_FIRST)
  private count = 0

  constructor(isFirst: IsFirst) {
    this.isFirst = isFirst
  }

  get size(): number {
    return this.count
  }

  /** The time of the first entry; Infinity when there is none. */
  get firstMs(): number {
    return this.count === 0 ? Infinity : (this.times[0] as number)
  }

  /** The first entry; -1 when there is none. */
  get first(): number {
    return this.count === 0 ? -1 : (this.entries[0] as number)
  }

  push(atMs: number, entry: number): void {
    if (this.count === this.times.length) this.grow()
    this.rise(atMs, entry, this.count++)
  }

  /** Takes out the first entry. */
  shift(): void {
    const last = --this.count
    if (last > 0) this.sink(this.times[last] as number, this.entries[last] as number, 0)
  }

  /** Takes out all entries that are not to stay. */
  keepOnly(stays: (entry: number) => boolean): void {
    let kept = 0
    for (let at = 0; at < this.count; at++) {
      if (stays(this.entries[at] as number)) this.move(at, kept++)
    }
    this.count = kept
    for (let at = (kept >> 2) + 1; at >= 0; at--) {
      if (at < kept) this.sink(this.times[at] as number, this.entries[at] as number, at)
    }
  }

  /** Puts an entry at a free place, or higher. */
  private rise(atMs: number, entry: number, free: number): void {
    let at = free
    while (at > 0) {
      const above = (at - 1) >> 2
      if (!this.isBefore(atMs, entry, above)) break
      this.move(above, at)
      at = above
    }
    this.times[at] = atMs
    this.entries[at] = entry
  }

  /** Puts an entry at a free place, or lower. */
  private sink(atMs: number, entry: number, free: number): void {
    let at = free
    for (;;) {
      const child = this.firstChild(at)
      if (child < 0 || this.isBefore(atMs, entry, child)) break
      this.move(child, at)
      at = child
    }
    this.times[at] = atMs
    this.entries[at] = entry
  }

  /** The first of the four children; -1 when there is none. */
  private firstChild(at: number): number {
    const begin = 4 * at + 1
    const end = Math.min(begin + 4, this.count)
    if (begin >= end) return -1
    let first = begin
    for (let child = begin + 1; child < end; child++) {
      if (this.isBefore(this.times[child] as number, this.entries[child] as number, first)) first = child
    }
    return first
  }

  /** Whether an entry comes before the one at a place. */
  private isBefore(atMs: number, entry: number, place: number): boolean {
    const otherMs = this.times[place] as number
    return atMs < otherMs || (atMs === otherMs && this.isFirst(entry, this.entries[place] as number))
  }

  private move(from: number, to: number): void {
    this.times[to] = this.times[from] as number
    this.entries[to] = this.entries[from] as number
  }

  private grow(): void {
    const { times, entries } = this
    this.times = new Float64Array(2 * times.length)
    this.entries = new Int32Array(2 * entries.length)
    this.times.set(times)
    this.entries.set(entries)
  }
}
