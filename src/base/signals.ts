/** Cancellation and waiting: races against a signal, deadlines on the Clock port, and promises settled from outside. */
import { abortFailure, Failure } from './failure.ts'

/** A promise with its two handles outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((resolveWith, rejectWith) => {
    resolve = resolveWith
    reject = rejectWith
  })
  return { promise, resolve, reject }
}

/** Rejects as soon as `signal` is aborted, else settles as `promise` does. The work behind `promise` is not stopped by it. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) throw abortFailure(signal)
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(abortFailure(signal))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort)
    })
  })
}

/** A controller that is also aborted when `parent` is. Call `release` when done, so that the parent forgets it. */
export function linkedController(parent: AbortSignal | undefined): AbortController & { release(): void } {
  const controller = new AbortController()
  const onAbort = (): void => {
    controller.abort(parent?.reason)
  }
  if (parent?.aborted === true) onAbort()
  parent?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    abort: (reason?: unknown) => {
      controller.abort(reason)
    },
    release: () => {
      parent?.removeEventListener('abort', onAbort)
    },
  }
}

interface Timer {
  after(delayMs: number, fire: () => void): () => void
}

/** Runs `work` with a signal that is aborted with a `timed-out` failure after `timeoutMs`, or when `parent` is aborted. */
export async function withDeadline<T>(
  clock: Timer,
  timeoutMs: number,
  what: string,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = linkedController(parent)
  const cancel = clock.after(timeoutMs, () => {
    controller.abort(new Failure('timed-out', `${what} did not finish within ${String(timeoutMs)} ms`))
  })
  try {
    return await orAborted(work(controller.signal), controller.signal)
  } finally {
    cancel()
    controller.release()
  }
}
