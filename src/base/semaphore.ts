/** Bounded parallelism: at most `limit` units held at once, waiters served in order. The limit may change while in use. */
import { assert } from './assert.ts'
import { deferred, orAborted, type Deferred } from './signals.ts'

interface Waiter extends Deferred<void> {
  readonly units: number
}

export class Semaphore {
  private limitNow: number
  private held = 0
  private readonly waiters: Waiter[] = []

  constructor(limit: number) {
    assert(limit >= 1, 'a semaphore admits at least one')
    this.limitNow = limit
  }

  get limit(): number {
    return this.limitNow
  }

  setLimit(limit: number): void {
    assert(limit >= 1, 'a semaphore admits at least one')
    this.limitNow = limit
    this.admit()
  }

  /**
   * Waits for `units` of room and returns what gives them back. More than the limit is admitted alone. Rejects when the signal
   * is aborted while waiting.
   */
  async acquire(units = 1, signal?: AbortSignal): Promise<() => void> {
    const waiter: Waiter = { ...deferred<void>(), units }
    this.waiters.push(waiter)
    this.admit()
    try {
      await orAborted(waiter.promise, signal)
    } catch (error) {
      const at = this.waiters.indexOf(waiter)
      if (at >= 0) this.waiters.splice(at, 1)
      else this.held -= units
      // Whoever stood behind may fit where this one did not.
      this.admit()
      throw error
    }
    let given = false
    return () => {
      if (given) return
      given = true
      this.release(units)
    }
  }

  private release(units: number): void {
    this.held -= units
    this.admit()
  }

  private admit(): void {
    for (;;) {
      const next = this.waiters[0]
      if (next === undefined) return
      const fits = this.held === 0 || this.held + next.units <= this.limitNow
      if (!fits) return
      this.waiters.shift()
      this.held += next.units
      next.resolve()
    }
  }
}
