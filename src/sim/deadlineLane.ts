/**
 * Deadlines that all come equally long after being set: they pass in the order in which they were set, so a queue keeps them
 * sorted without comparing. One that is cancelled leaves its place at once; empty places are swept out once they are the majority.
 */
import { assert } from '../base/assert.ts'
import type { Lifetime } from './lifetime.ts'

/** What passes unless it is cancelled before. */
export interface Deadline {
  /** Whose it is; it does not pass when that life has ended. */
  readonly owner: Lifetime
  /** Kept by the queue: where it waits, {@link NOWHERE} when it does not. */
  place: number
  pass(): void
}

export const NOWHERE = -1

/** Below this many empty places a sweep is not worth its pass. */
const SWEEP_COUNT_MIN = 1024

export class DeadlineLane {
  /** Undefined where one was cancelled. The arrays run side by side. */
  private deadlines: (Deadline | undefined)[] = []
  private times: number[] = []
  private orders: number[] = []
  private first = 0
  private emptyCount = 0

  /** Deadlines that will pass, and the places of cancelled ones not yet swept. */
  get size(): number {
    return this.deadlines.length - this.first
  }

  /** When the first one passes; Infinity when there is none. */
  get atMs(): number {
    return this.seekFirst() === undefined ? Infinity : (this.times[this.first] as number)
  }

  /** The first one's place among all events. */
  get order(): number {
    return this.seekFirst() === undefined ? Infinity : (this.orders[this.first] as number)
  }

  /** Takes in a deadline that passes no earlier than those that are here. */
  push(atMs: number, order: number, deadline: Deadline): void {
    deadline.place = this.deadlines.length
    this.deadlines.push(deadline)
    this.times.push(atMs)
    this.orders.push(order)
  }

  /** Takes out one that is here. */
  cancel(deadline: Deadline): void {
    assert(this.deadlines[deadline.place] === deadline, 'a deadline stands where it was put')
    this.deadlines[deadline.place] = undefined
    deadline.place = NOWHERE
    this.emptyCount++
    if (this.emptyCount > SWEEP_COUNT_MIN && 2 * this.emptyCount > this.size) this.sweep()
  }

  /** Takes out the first one; there must be one. */
  shift(): Deadline {
    const deadline = this.seekFirst()
    assert(deadline !== undefined, 'there is a deadline')
    this.dropFirst()
    return deadline
  }

  /** The first one that will pass; drops those before it. */
  private seekFirst(): Deadline | undefined {
    while (this.first < this.deadlines.length) {
      const deadline = this.deadlines[this.first]
      if (deadline !== undefined && !deadline.owner.ended) return deadline
      if (deadline === undefined) this.emptyCount--
      this.dropFirst()
    }
    return undefined
  }

  private dropFirst(): void {
    this.deadlines[this.first++] = undefined
    if (this.first > SWEEP_COUNT_MIN && 2 * this.first > this.deadlines.length) this.sweep()
  }

  private sweep(): void {
    let kept = 0
    for (let at = this.first; at < this.deadlines.length; at++) {
      const deadline = this.deadlines[at]
      if (deadline === undefined || deadline.owner.ended) continue
      deadline.place = kept
      this.deadlines[kept] = deadline
      this.times[kept] = this.times[at] as number
      this.orders[kept] = this.orders[at] as number
      kept++
    }
    for (const array of [this.deadlines, this.times, this.orders]) array.length = kept
    this.first = 0
    this.emptyCount = 0
  }
}
