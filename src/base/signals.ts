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
  if (signal.aborted) {
    // Nobody waits for it any more, so nobody is told how it failed.
    promise.catch(() => undefined)
    throw abortFailure(signal)
  }
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

/** A controller that is also aborted when any parent is. Call `release` when done, so that the parents forget it. */
export function linkedController(
  ...parents: readonly (AbortSignal | undefined)[]
): AbortController & { release(): void } {
  const controller = new AbortController()
  const onAbort = (): void => {
    controller.abort(parents.find((parent) => parent?.aborted)?.reason)
  }
  if (parents.some((parent) => parent?.aborted)) onAbort()
  for (const parent of parents) parent?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    abort: (reason?: unknown) => {
      controller.abort(reason)
    },
    release: () => {
      for (const parent of parents) parent?.removeEventListener('abort', onAbort)
    },
  }
}

interface Timer {
  after(delayMs: number, fire: () => void): () => void
}

/**
 * Runs `work` with a signal that is aborted with a `timed-out` failure after `timeoutMs`, or when `parent` is aborted. Rejects
 * with that failure at once, whatever `work` makes of its signal; does not begin it when `parent` is aborted already.
 */
export async function withDeadline<T>(
  clock: Timer,
  timeoutMs: number,
  what: string,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (parent?.aborted === true) throw abortFailure(parent)
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
