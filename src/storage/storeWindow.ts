/**
 * How many store requests are under way at once: more while answers come, half when one is late or a holder is busy (AIMD, as
 * in TCP's congestion avoidance, RFC 5681).
 */
import { Semaphore } from '../base/semaphore.ts'
import { STORE_WINDOW_MAX, STORE_WINDOW_MIN, STORE_WINDOW_START } from './limits.ts'

export class StoreWindow {
  private readonly places = new Semaphore(STORE_WINDOW_START)
  private answeredSinceChange = 0

  acquire(signal?: AbortSignal): Promise<() => void> {
    return this.places.acquire(1, signal)
  }

  onAnswered(): void {
    this.answeredSinceChange++
    if (this.answeredSinceChange < this.places.limit) return
    this.answeredSinceChange = 0
    this.places.setLimit(Math.min(this.places.limit + 1, STORE_WINDOW_MAX))
  }

  onOverload(): void {
    this.answeredSinceChange = 0
    this.places.setLimit(Math.max(Math.floor(this.places.limit / 2), STORE_WINDOW_MIN))
  }
}
