/**
 * What is going to happen, in order of time and, within one instant, of being scheduled: a heap whose nodes have four children,
 * with its keys in arrays of numbers, so that a step of the heap touches one line of the processor's cache. Cancelling only marks
 * an event; marked events are swept out once they are the majority. Deadlines, which are nearly always cancelled, do not enter
 * the heap at all (deadlineLane.ts).
 */
import { assert } from '../base/assert.ts'
import { DeadlineLane } from './deadlineLane.ts'
import type { Lifetime } from './lifetime.ts'

/** Something that can happen: what happens often is an object of its own and so needs no function made for it. */
export interface Happening {
  happen(): void
}

export interface SimEvent {
  readonly atMs: number
  readonly order: number
  /** Whose event it is; it does not happen when that life has ended. */
  readonly life: Lifetime
  /** Undefined once it has happened or was cancelled. */
  what: Happening | (() => void) | undefined
}

/** Lets an event happen, once. */
export function happen(event: SimEvent): void {
  const { what } = event
  event.what = undefined
  if (typeof what === 'function') what()
  else what?.happen()
}

/** Lanes are for the few deadlines that are the same everywhere; further ones go into the heap. */
const LANES_MAX = 16

/** Below this many marked events a sweep is not worth its pass over the heap. */
const SWEEP_COUNT_MIN = 1024
const CAPACITY_FIRST = 1024

export class EventQueue {
  private events: SimEvent[] = []
  /** The `atMs` and `order` of each of `events`. */
  private times = new Float64Array(CAPACITY_FIRST)
  private orders = new Float64Array(CAPACITY_FIRST)
  private cancelledCount = 0
  private scheduledCount = 0
  /** By how long after being pushed their deadlines pass. */
  private readonly lanes = new Map<number, DeadlineLane>()
  private readonly laneList: DeadlineLane[] = []

  /** Events that will happen, and those marked but not yet swept. */
  get size(): number {
    return this.laneList.reduce((sum, lane) => sum + lane.size, this.events.length)
  }

  push(atMs: number, life: Lifetime, what: Happening | (() => void)): SimEvent {
    assert(!Number.isNaN(atMs), 'an event happens at some time')
    const event: SimEvent = { atMs, order: this.scheduledCount++, life, what }
    const at = this.events.length
    if (at === this.times.length) this.grow()
    this.events.push(event)
    this.rise(event, at)
    return event
  }

  /** As push, for what is to happen `delayMs` from `nowMs` and will probably be cancelled with {@link cancelDeadline}. */
  pushDeadline(nowMs: number, delayMs: number, life: Lifetime, what: Happening): SimEvent {
    const lane = this.laneFor(delayMs)
    if (lane === undefined) return this.push(nowMs + delayMs, life, what)
    const event: SimEvent = { atMs: nowMs + delayMs, order: this.scheduledCount++, life, what }
    lane.push(event)
    return event
  }

  /** Cancels what {@link pushDeadline} gave for this delay. */
  cancelDeadline(event: SimEvent, delayMs: number): void {
    const lane = this.lanes.get(delayMs)
    if (lane === undefined) this.cancel(event)
    else lane.cancel(event)
  }

  cancel(event: SimEvent): void {
    if (event.what === undefined) return
    event.what = undefined
    this.cancelledCount++
    if (this.cancelledCount > SWEEP_COUNT_MIN && 2 * this.cancelledCount > this.events.length) this.sweep()
  }

  /** When the next event happens; Infinity when none will. */
  nextMs(): number {
    const heapMs = this.heapHead()?.atMs ?? Infinity
    const lane = this.firstLane()
    return lane === undefined ? heapMs : Math.min(heapMs, lane.atMs)
  }

  /** Takes out the event that {@link nextMs} tells of. */
  pop(): SimEvent | undefined {
    const head = this.heapHead()
    const lane = this.firstLane()
    if (lane !== undefined && (head === undefined || isEarlier(lane, head))) return lane.shift()
    if (head !== undefined) this.removeHead(head)
    return head
  }

  /** The heap's next event that will happen. */
  private heapHead(): SimEvent | undefined {
    for (;;) {
      const head = this.events[0]
      if (head === undefined || willHappen(head)) return head
      this.removeHead(head)
    }
  }

  /** The lane whose first deadline is the earliest. */
  private firstLane(): DeadlineLane | undefined {
    let first: DeadlineLane | undefined
    for (const lane of this.laneList) {
      if (lane.atMs < Infinity && (first === undefined || isEarlier(lane, first))) first = lane
    }
    return first
  }

  /** The lane of a delay; undefined when there is none and no room for one. */
  private laneFor(delayMs: number): DeadlineLane | undefined {
    const known = this.lanes.get(delayMs)
    if (known !== undefined || this.lanes.size >= LANES_MAX) return known
    const lane = new DeadlineLane()
    this.lanes.set(delayMs, lane)
    this.laneList.push(lane)
    return lane
  }

  private removeHead(head: SimEvent): void {
    const last = this.events.pop()
    if (last !== undefined && last !== head) this.sink(last, 0)
    if (head.what === undefined) this.cancelledCount--
  }

  private sweep(): void {
    this.events = this.events.filter(willHappen)
    this.cancelledCount = 0
    this.events.forEach((event, at) => {
      this.place(event, at)
    })
    for (let at = (this.events.length >> 2) + 1; at >= 0; at--) {
      const event = this.events[at]
      if (event !== undefined) this.sink(event, at)
    }
  }

  private grow(): void {
    const { times, orders } = this
    this.times = new Float64Array(2 * times.length)
    this.orders = new Float64Array(2 * orders.length)
    this.times.set(times)
    this.orders.set(orders)
  }

  /** Puts an event at a free place, or higher. */
  private rise(event: SimEvent, free: number): void {
    let at = free
    while (at > 0) {
      const above = (at - 1) >> 2
      if (this.isBefore(above, event.atMs, event.order)) break
      this.move(above, at)
      at = above
    }
    this.place(event, at)
  }

  /** Puts an event at a free place, or lower. */
  private sink(event: SimEvent, free: number): void {
    let at = free
    for (;;) {
      const child = this.firstChild(at)
      if (child < 0 || !this.isBefore(child, event.atMs, event.order)) break
      this.move(child, at)
      at = child
    }
    this.place(event, at)
  }

  /** The earliest of the four children; -1 when there is none. */
  private firstChild(at: number): number {
    const begin = 4 * at + 1
    const end = Math.min(begin + 4, this.events.length)
    if (begin >= end) return -1
    let first = begin
    for (let child = begin + 1; child < end; child++) {
      if (this.isBefore(child, this.times[first] as number, this.orders[first] as number)) first = child
    }
    return first
  }

  private isBefore(at: number, timeMs: number, order: number): boolean {
    const atMs = this.times[at] as number
    return atMs < timeMs || (atMs === timeMs && (this.orders[at] as number) < order)
  }

  private move(from: number, to: number): void {
    this.events[to] = this.events[from] as SimEvent
    this.times[to] = this.times[from] as number
    this.orders[to] = this.orders[from] as number
  }

  private place(event: SimEvent, at: number): void {
    this.events[at] = event
    this.times[at] = event.atMs
    this.orders[at] = event.order
  }
}

interface Moment {
  readonly atMs: number
  readonly order: number
}

function isEarlier(a: Moment, b: Moment): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Whether it was neither cancelled nor has its owner's life ended. */
function willHappen(event: SimEvent): boolean {
  return event.what !== undefined && !event.life.ended
}
