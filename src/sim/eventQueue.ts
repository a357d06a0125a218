/**
 * What is going to happen, in order of time and, within one instant, of being scheduled: a binary heap. Cancelling only marks
 * an event; marked events are swept out once they are the majority, so that a million answered requests leave no million timers.
 */
import { assert, present } from '../base/assert.ts'
import type { Lifetime } from './lifetime.ts'

export interface SimEvent {
  readonly atMs: number
  readonly order: number
  /** Whose event it is; it does not happen when that life has ended. */
  readonly life: Lifetime
  /** Undefined once it has happened or was cancelled. */
  fire: (() => void) | undefined
}

/** Below this many marked events a sweep is not worth its pass over the heap. */
const SWEEP_COUNT_MIN = 1024

export class EventQueue {
  private heap: SimEvent[] = []
  private cancelledCount = 0
  private scheduledCount = 0

  /** Events that will happen, and those marked but not yet swept. */
  get size(): number {
    return this.heap.length
  }

  push(atMs: number, life: Lifetime, fire: () => void): SimEvent {
    assert(!Number.isNaN(atMs), 'an event happens at some time')
    const event: SimEvent = { atMs, order: this.scheduledCount++, life, fire }
    this.heap.push(event)
    this.rise(this.heap.length - 1)
    return event
  }

  cancel(event: SimEvent): void {
    if (event.fire === undefined) return
    event.fire = undefined
    this.cancelledCount++
    if (this.cancelledCount > SWEEP_COUNT_MIN && 2 * this.cancelledCount > this.heap.length) this.sweep()
  }

  /** When the next event happens; Infinity when none will. */
  nextMs(): number {
    for (;;) {
      const head = this.heap[0]
      if (head === undefined) return Infinity
      if (willHappen(head)) return head.atMs
      this.removeHead()
    }
  }

  /** Takes out the event that {@link nextMs} tells of. */
  pop(): SimEvent | undefined {
    this.nextMs()
    return this.heap.length === 0 ? undefined : this.removeHead()
  }

  private removeHead(): SimEvent {
    const head = present(this.heap[0], 'the head of a queue that is not empty')
    const last = this.heap.pop()
    if (last !== undefined && last !== head) {
      this.heap[0] = last
      this.sink(0)
    }
    if (head.fire === undefined) this.cancelledCount--
    return head
  }

  private sweep(): void {
    this.heap = this.heap.filter(willHappen)
    this.cancelledCount = 0
    for (let at = (this.heap.length >> 1) - 1; at >= 0; at--) this.sink(at)
  }

  private rise(from: number): void {
    const { heap } = this
    const event = present(heap[from], 'the event that rises')
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = present(heap[above], 'a parent in the heap')
      if (isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  private sink(from: number): void {
    const { heap } = this
    const event = present(heap[from], 'the event that sinks')
    let at = from
    for (;;) {
      const left = 2 * at + 1
      const right = heap[left + 1]
      let child = heap[left]
      if (child === undefined) break
      let below = left
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below = left + 1
      }
      if (isBefore(event, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = event
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function willHappen(event: SimEvent): boolean {
  return event.fire !== undefined && !event.life.ended
}
