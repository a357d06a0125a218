/** How a test makes a store in memory fail: asked before each call, with what the call is about to do. */
import type { Failure } from '../../base/failure.ts'

/** The failure that this call shall reject with, or undefined to let it pass. */
export type Fault<Operation extends string> = (operation: Operation) => Failure | undefined

/** Throws what `fault` answers, if anything. */
export function mayFail<Operation extends string>(fault: Fault<Operation> | undefined, operation: Operation): void {
  const failure = fault?.(operation)
  if (failure !== undefined) throw failure
}
