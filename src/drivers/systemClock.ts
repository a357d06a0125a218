/** The Clock port on the system's clocks and timers. */
import { abortFailure } from '../base/failure.ts'
import type { Clock } from '../ports/clock.ts'

/** Timers in this runtime overflow above this and would fire at once; longer waits are chained. */
const TIMER_MS_MAX = 2 ** 31 - 1

export class SystemClock implements Clock {
  private wallOffsetMs = Number.NEGATIVE_INFINITY

  /**
   * Follows the wall clock forwards (a laptop that slept catches up) but keeps its own pace when the wall clock is set back,
   * so that no timeout ever stalls.
   */
  now(): number {
    const steadyMs = performance.now()
    this.wallOffsetMs = Math.max(this.wallOffsetMs, Date.now() - steadyMs)
    return Math.floor(steadyMs + this.wallOffsetMs)
  }

  after(delayMs: number, fire: () => void): () => void {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, TIMER_MS_MAX)
      timer = setTimeout(() => {
        if (leftMs > stepMs) wait(leftMs - stepMs)
        else fire()
      }, stepMs)
    }
    wait(delayMs)
    return () => {
      clearTimeout(timer)
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortFailure(signal))
        return
      }
      const onAbort = (): void => {
        cancel()
        if (signal !== undefined) reject(abortFailure(signal))
      }
      const cancel = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}
