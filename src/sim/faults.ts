/**
 * "Fail the n-th call, for every n", as SQLite tests itself (https://www.sqlite.org/testing.html#anomaly_testing): one fault
 * that counts calls over any number of ports, wrappers that consult it, and the loop over n.
 */
import { assert } from '../base/assert.ts'
import type { Failure } from '../base/failure.ts'

export interface NthCallOptions {
  readonly failure: Failure
  /** `before`: nothing happens but the failure. `after`: the call takes effect, and only its answer is lost. */
  readonly when?: 'before' | 'after'
}

/** Fails one call, the n-th that consults it (counted from 1), and lets all others pass. */
export class NthCall {
  private readonly nth: number
  private readonly options: NthCallOptions
  private count = 0

  constructor(nth: number, options: NthCallOptions) {
    this.nth = nth
    this.options = options
  }

  get callCount(): number {
    return this.count
  }

  /** True once the call that fails has been made. */
  get isSpent(): boolean {
    return this.count >= this.nth
  }

  get failsAfter(): boolean {
    return this.options.when === 'after'
  }

  /** Counts one call; the failure if it is the one. Fits the `fault` of stores in memory. */
  readonly next = (): Failure | undefined => {
    this.count++
    return this.count === this.nth ? this.options.failure : undefined
  }
}

/** `port`, whose `methods` consult `fault` first. The methods must return promises. */
export function failing<T extends object>(port: T, methods: readonly (keyof T)[], fault: NthCall): T {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args)
      if (!methods.includes(name as keyof T)) return call
      return (...args: unknown[]) => callWith(fault, () => call(...args))
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}

/**
 * Calls `run` with a fault at the first call, then at the second, until a run has made fewer calls. Returns how many calls
 * there were to fail. `run` says what must hold in spite of the failure.
 */
export async function forEveryCall(
  options: NthCallOptions & { readonly callCountMax?: number },
  run: (fault: NthCall) => Promise<void>,
): Promise<number> {
  const { callCountMax = 10_000 } = options
  for (let nth = 1; nth <= callCountMax; nth++) {
    const fault = new NthCall(nth, options)
    await run(fault)
    if (!fault.isSpent) return nth - 1
  }
  assert(false, `a run makes at most ${callCountMax} calls`)
}

async function callWith(fault: NthCall, call: () => unknown): Promise<unknown> {
  const failure = fault.next()
  if (failure !== undefined && !fault.failsAfter) throw failure
  const result = await call()
  if (failure !== undefined) throw failure
  return result
}
