/**
 * Virtual time: one clock and one queue of events for the whole world, and for each process a view that ends with its life.
 * Time passes only when {@link VirtualClock.fireNext} or {@link VirtualClock.passTo} is called.
 */
import { assert } from '../base/assert.ts'
import { abortFailure } from '../base/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Deadline } from './deadlineLane.ts'
import { EventQueue, type Happening } from './eventQueue.ts'
import { WORLD_LIFE, type Lifetime } from './lifetime.ts'

/** When worlds begin: 2030-01-01T00:00:00Z, so that a real date that leaked in would stand out. */
export const WORLD_EPOCH_MS = Date.UTC(2030, 0, 1)

export class VirtualClock implements Clock {
  private readonly queue = new EventQueue()
  private passedMs = 0

  /** Milliseconds since the world began, with fractions. */
  get elapsedMs(): number {
    return this.passedMs
  }

  /** Events that are going to happen, and perhaps as many that were cancelled. */
  get pendingCount(): number {
    return this.queue.size
  }

  /** Whole milliseconds, as real clocks give them. */
  now(): number {
    return WORLD_EPOCH_MS + Math.floor(this.passedMs)
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.schedule(this.passedMs + Math.max(0, delayMs), WORLD_LIFE, fire)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** The clock that a process sees. Once `life` has ended its timers do not fire and its sleeps do not settle. */
  viewFor(life: Lifetime): Clock {
    const clock: Clock = {
      now: () => this.now(),
      after: (delayMs, fire) => this.schedule(this.passedMs + Math.max(0, delayMs), life, fire),
      sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    }
    return clock
  }

  /** Calls `fire` at `atMs` of elapsed time, or at once when that has passed, unless `life` has ended. Returns what cancels it. */
  schedule(atMs: number, life: Lifetime, fire: () => void): () => void {
    const timer = new Timer(life, fire)
    this.queue.push(Math.max(atMs, this.passedMs), timer)
    return () => {
      if (timer.cancel()) this.queue.onCancelled()
    }
  }

  /** {@link schedule} for what is never cancelled. */
  scheduleHappening(atMs: number, what: Happening): void {
    this.queue.push(Math.max(atMs, this.passedMs), what)
  }

  /** {@link scheduleHappening} for what the world itself brings about. */
  scheduleForWorld(atMs: number, fire: () => void): void {
    this.scheduleHappening(atMs, new Timer(WORLD_LIFE, fire))
  }

  /** Lets the deadline pass `delayMs` from now unless its owner's life has ended; for what {@link cancelDeadline} nearly always prevents. */
  scheduleDeadline(delayMs: number, deadline: Deadline): void {
    this.queue.pushDeadline(this.passedMs, Math.max(0, delayMs), deadline)
  }

  /** Cancels what {@link scheduleDeadline} has set for this delay; nothing happens when it has passed. */
  cancelDeadline(deadline: Deadline, delayMs: number): void {
    this.queue.cancelDeadline(deadline, Math.max(0, delayMs))
  }

  /** Elapsed time of the next event; Infinity when nothing is going to happen. */
  nextMs(): number {
    return this.queue.nextMs()
  }

  /** Moves time to the next event, tells `onEvent` of it, and lets it happen. False when there is none. */
  fireNext(onEvent?: (what: Happening) => void): boolean {
    const atMs = this.queue.nextMs()
    const what = this.queue.pop()
    if (what === undefined) return false
    assert(atMs >= this.passedMs, 'time does not go back')
    this.passedMs = atMs
    onEvent?.(what)
    what.happen()
    return true
  }

  /** Lets time pass without events, up to `atMs` of elapsed time. */
  passTo(atMs: number): void {
    assert(atMs <= this.nextMs(), 'no event is passed over')
    this.passedMs = Math.max(this.passedMs, atMs)
  }
}

/** A function that is called once, unless it is cancelled before. */
class Timer implements Happening {
  readonly life: Lifetime
  private fire: (() => void) | undefined

  constructor(life: Lifetime, fire: () => void) {
    this.life = life
    this.fire = fire
  }

  isOff(): boolean {
    return this.fire === undefined
  }

  /** Whether it was still to come. */
  cancel(): boolean {
    if (this.fire === undefined) return false
    this.fire = undefined
    return true
  }

  happen(): void {
    const { fire } = this
    this.fire = undefined
    fire?.()
  }
}

function sleepOn(clock: Pick<Clock, 'after'>, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortFailure(signal))
      return
    }
    const onAbort = (): void => {
      cancel()
      if (signal !== undefined) reject(abortFailure(signal))
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
