/** Assertions that stay on in production. One that fails is a bug of ours, never a stranger's input or the world's weather. */

/** Thrown by {@link assert}; nobody catches it. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/** Holds what the caller knows to be true; throws {@link AssertionFailed} with `what` otherwise. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFailed(what)
}

/** The value, which the caller knows to be there. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionFailed(`missing: ${what}`)
  return value
}
