/** A clock that knows what it still owes: timers that are set and sleeps that are slept. What should be quiet owes what it did before. */
import type { Clock } from '../ports/clock.ts'

export class CountedClock implements Clock {
  private readonly clock: Clock
  private owed = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Timers and sleeps that have neither happened nor been cancelled. */
  get pendingCount(): number {
    return this.owed
  }

  now(): number {
    return this.clock.now()
  }

  after(delayMs: number, fire: () => void): () => void {
    let isOpen = true
    const close = (): void => {
      if (isOpen) this.owed--
      isOpen = false
    }
    this.owed++
    const cancel = this.clock.after(delayMs, () => {
      close()
      fire()
    })
    return () => {
      close()
      cancel()
    }
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.owed++
    try {
      await this.clock.sleep(delayMs, signal)
    } finally {
      this.owed--
    }
  }
}
