/**
 * How many bytes of store requests are under way at once: more while answers come, half when one is late or a holder is busy (AIMD, as
 * in TCP's congestion avoidance, RFC 5681).
 */
import { Semaphore } from '../base/semaphore.ts'
import {
  STORE_BYTES,
  STORE_REQUEST_BYTES_MIN,
  STORE_WINDOW_BYTES_MAX,
  STORE_WINDOW_BYTES_MIN,
  STORE_WINDOW_BYTES_START,
} from './limits.ts'

export class StoreWindow {
  private readonly room = new Semaphore(STORE_WINDOW_BYTES_START)
  private answeredBytes = 0

  acquire(bytes: number, signal?: AbortSignal): Promise<() => void> {
    return this.room.acquire(weightOf(bytes), signal)
  }

  onAnswered(bytes: number): void {
    this.answeredBytes += weightOf(bytes)
    if (this.answeredBytes < this.room.limit) return
    this.answeredBytes = 0
    this.room.setLimit(Math.min(this.room.limit + STORE_BYTES, STORE_WINDOW_BYTES_MAX))
  }

  onOverload(): void {
    this.answeredBytes = 0
    this.room.setLimit(Math.max(Math.floor(this.room.limit / 2), STORE_WINDOW_BYTES_MIN))
  }
}

function weightOf(bytes: number): number {
  return Math.max(bytes, STORE_REQUEST_BYTES_MIN)
}
