/**
 * Deadlines that all come equally long after being set: they pass in the order in which they were set, so a queue keeps them
 * sorted without comparing. Cancelling only marks one; marked ones are swept out once they are the majority.
 */
import type { SimEvent } from './eventQueue.ts'

/** Below this many marked deadlines a sweep is not worth its pass. */
const SWEEP_COUNT_MIN = 1024

export class DeadlineLane {
  private events: (SimEvent | undefined)[] = []
  private first = 0
  private cancelledCount = 0

  /** Deadlines that will pass, and those marked but not yet swept. */
  get size(): number {
    return this.events.length - this.first
  }

  /** When the first one passes; Infinity when there is none. */
  get atMs(): number {
    return this.head()?.atMs ?? Infinity
  }

  /** The first one's place among all events. */
  get order(): number {
    return this.head()?.order ?? Infinity
  }

  /** Takes in a deadline that passes no earlier than those that are here. */
  push(event: SimEvent): void {
    this.events.push(event)
  }

  cancel(event: SimEvent): void {
    if (event.what === undefined) return
    event.what = undefined
    this.cancelledCount++
    if (this.cancelledCount > SWEEP_COUNT_MIN && 2 * this.cancelledCount > this.size) this.sweep()
  }

  /** Takes out the first one. */
  shift(): SimEvent | undefined {
    const head = this.head()
    if (head !== undefined) this.drop()
    return head
  }

  /** The first one that will pass; drops those before it. */
  private head(): SimEvent | undefined {
    while (this.first < this.events.length) {
      const event = this.events[this.first]
      if (event?.what !== undefined && !event.life.ended) return event
      if (event?.what === undefined) this.cancelledCount--
      this.drop()
    }
    return undefined
  }

  private drop(): void {
    this.events[this.first++] = undefined
    if (this.first > SWEEP_COUNT_MIN && 2 * this.first > this.events.length) {
      this.events = this.events.slice(this.first)
      this.first = 0
    }
  }

  private sweep(): void {
    this.events = this.events.filter((event) => event?.what !== undefined && !event.life.ended)
    this.first = 0
    this.cancelledCount = 0
  }
}
