/**
 * What is going to happen, in order of time and, within one instant, of being scheduled. Objects that happen stay where they are
 * put; what is sorted are their numbers (timeHeap.ts). What is cancelled is only passed over, and swept out once it is the majority.
 * Deadlines, which are nearly always cancelled, do not enter the heap at all (deadlineLane.ts).
 */
import { assert } from '../base/assert.ts'
import { DeadlineLane, NOWHERE, type Deadline } from './deadlineLane.ts'
import type { Lifetime } from './lifetime.ts'
import { TimeHeap } from './timeHeap.ts'

/** Something that can happen once; what happens often is an object of its own and needs no function made for it. */
export interface Happening {
  /** Whose it is; it does not happen when that life has ended. */
  readonly life: Lifetime
  /** It does not happen. Once true it stays so. */
  isOff(): boolean
  happen(): void
}

/** Lanes are for the few delays that are the same everywhere; deadlines of further ones go into the heap. */
const LANES_MAX = 16
/** Below this many cancelled events a sweep is not worth its pass over the heap. */
const SWEEP_COUNT_MIN = 1024
const CAPACITY_FIRST = 1024

export class EventQueue {
  /** By place: what is there; undefined where it is free. */
  private readonly happenings: (Happening | undefined)[] = []
  /** By place: how many were scheduled before. */
  private orders = new Float64Array(CAPACITY_FIRST)
  private readonly free: number[] = []
  private readonly heap: TimeHeap
  private cancelledCount = 0
  private scheduledCount = 0
  private readonly lanes = new Map<number, DeadlineLane>()
  private readonly laneList: DeadlineLane[] = []
  /** No lane's first deadline passes before this. */
  private lanesFromMs = Infinity

  constructor() {
    this.heap = new TimeHeap((a, b) => this.orderAt(a) < this.orderAt(b))
  }

  /** Events that will happen, and those cancelled but not yet swept. */
  get size(): number {
    return this.laneList.reduce((sum, lane) => sum + lane.size, this.heap.size)
  }

  push(atMs: number, what: Happening): void {
    assert(!Number.isNaN(atMs), 'an event happens at some time')
    const place = this.free.pop() ?? this.happenings.length
    if (place === this.orders.length) this.grow()
    this.happenings[place] = what
    this.orders[place] = this.scheduledCount++
    this.heap.push(atMs, place)
  }

  /** Something that was pushed is off now. */
  onCancelled(): void {
    this.cancelledCount++
    if (this.cancelledCount > SWEEP_COUNT_MIN && 2 * this.cancelledCount > this.heap.size) this.sweep()
  }

  /** As push, for what passes `delayMs` from `nowMs` and will probably be cancelled with {@link cancelDeadline}. */
  pushDeadline(nowMs: number, delayMs: number, deadline: Deadline): void {
    const lane = this.laneFor(delayMs)
    if (lane === undefined) {
      deadline.place = 0
      this.push(nowMs + delayMs, new Passing(deadline))
      return
    }
    lane.push(nowMs + delayMs, this.scheduledCount++, deadline)
    this.lanesFromMs = Math.min(this.lanesFromMs, nowMs + delayMs)
  }

  /** Cancels what was pushed with {@link pushDeadline} and this delay. Nothing happens when it waits no more. */
  cancelDeadline(deadline: Deadline, delayMs: number): void {
    if (deadline.place === NOWHERE) return
    const lane = this.lanes.get(delayMs)
    if (lane !== undefined) {
      lane.cancel(deadline)
      return
    }
    deadline.place = NOWHERE
    this.onCancelled()
  }

  /** When the next event happens; Infinity when none will. */
  nextMs(): number {
    const heapMs = this.heapMs()
    // Nearly all messages come before any deadline.
    return heapMs < this.lanesFromMs ? heapMs : Math.min(heapMs, this.firstLane()?.atMs ?? Infinity)
  }

  /** Takes out the event that {@link nextMs} tells of. */
  pop(): Happening | undefined {
    const heapMs = this.heapMs()
    const lane = heapMs < this.lanesFromMs ? undefined : this.firstLane()
    if (lane !== undefined) {
      const isLaneFirst = lane.atMs < heapMs || (lane.atMs === heapMs && lane.order < this.orderAt(this.heap.first))
      if (isLaneFirst) return new Passing(lane.shift())
    }
    return heapMs === Infinity ? undefined : this.takeFirst()
  }

  /** When the heap's next event happens, those that are off passed over. */
  private heapMs(): number {
    const { heap } = this
    while (heap.size > 0) {
      if (willHappen(this.happenings[heap.first])) return heap.firstMs
      if (this.takeFirst()?.isOff() === true) this.cancelledCount--
    }
    return Infinity
  }

  private takeFirst(): Happening | undefined {
    const place = this.heap.first
    this.heap.shift()
    return this.clear(place)
  }

  private clear(place: number): Happening | undefined {
    const what = this.happenings[place]
    this.happenings[place] = undefined
    this.free.push(place)
    return what
  }

  private orderAt(place: number): number {
    return this.orders[place] as number
  }

  /** The lane whose first deadline is the earliest. */
  private firstLane(): DeadlineLane | undefined {
    let first: DeadlineLane | undefined
    for (const lane of this.laneList) {
      if (lane.atMs === Infinity) continue
      if (first === undefined || lane.atMs < first.atMs || (lane.atMs === first.atMs && lane.order < first.order)) {
        first = lane
      }
    }
    this.lanesFromMs = first?.atMs ?? Infinity
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

  private sweep(): void {
    this.heap.keepOnly((place) => {
      const stays = willHappen(this.happenings[place])
      if (!stays) this.clear(place)
      return stays
    })
    this.cancelledCount = 0
  }

  private grow(): void {
    const { orders } = this
    this.orders = new Float64Array(2 * orders.length)
    this.orders.set(orders)
  }
}

/** A deadline that passes. */
class Passing implements Happening {
  private readonly deadline: Deadline

  constructor(deadline: Deadline) {
    this.deadline = deadline
  }

  get life(): Lifetime {
    return this.deadline.owner
  }

  isOff(): boolean {
    return this.deadline.place === NOWHERE
  }

  happen(): void {
    this.deadline.place = NOWHERE
    this.deadline.pass()
  }
}

/** Whether it was neither cancelled nor has its owner's life ended. */
function willHappen(what: Happening | undefined): boolean {
  return what !== undefined && !what.isOff() && !what.life.ended
}
