/**
 * Virtual time: one clock and one queue of events for the whole world, and for each process a view that ends with its life.
 * Time passes only when {@link VirtualClock.fireNext} or {@link VirtualClock.passTo} is called.
 */
import { assert } from '../base/assert.ts'
import { abortFailure } from '../base/failure.ts'
import type { Clock } from '../ports/clock.ts'
import { EventQueue, happen, type Happening, type SimEvent } from './eventQueue.ts'
import { Lifetime, WORLD_NODE } from './lifetime.ts'

/** When worlds begin: 2030-01-01T00:00:00Z, so that a real date that leaked in would stand out. */
export const WORLD_EPOCH_MS = Date.UTC(2030, 0, 1)

export class VirtualClock implements Clock {
  private readonly queue = new EventQueue()
  private readonly worldLife = new Lifetime(WORLD_NODE)
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
    return this.schedule(this.passedMs + Math.max(0, delayMs), this.worldLife, fire)
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
    const event = this.queue.push(Math.max(atMs, this.passedMs), life, fire)
    return () => {
      this.queue.cancel(event)
    }
  }

  /** {@link schedule} for what the world itself brings about and never cancels. */
  scheduleForWorld(atMs: number, what: Happening | (() => void)): void {
    this.queue.push(Math.max(atMs, this.passedMs), this.worldLife, what)
  }

  /** Lets `what` happen `delayMs` from now unless `life` has ended; for what {@link cancelDeadline} nearly always prevents. */
  scheduleDeadline(delayMs: number, life: Lifetime, what: Happening): SimEvent {
    return this.queue.pushDeadline(this.passedMs, Math.max(0, delayMs), life, what)
  }

  /** Cancels what {@link scheduleDeadline} gave for this delay; nothing happens when it has passed. */
  cancelDeadline(event: SimEvent, delayMs: number): void {
    this.queue.cancelDeadline(event, Math.max(0, delayMs))
  }

  /** Elapsed time of the next event; Infinity when nothing is going to happen. */
  nextMs(): number {
    return this.queue.nextMs()
  }

  /** Moves time to the next event, tells `onEvent` of it, and lets it happen. False when there is none. */
  fireNext(onEvent?: (event: SimEvent) => void): boolean {
    const event = this.queue.pop()
    if (event === undefined) return false
    assert(event.atMs >= this.passedMs, 'time does not go back')
    this.passedMs = event.atMs
    onEvent?.(event)
    happen(event)
    return true
  }

  /** Lets time pass without events, up to `atMs` of elapsed time. */
  passTo(atMs: number): void {
    assert(atMs <= this.nextMs(), 'no event is passed over')
    this.passedMs = Math.max(this.passedMs, atMs)
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
