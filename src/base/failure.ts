/**
 * Failures of the world (a silent peer, a full disk, a refused request): typed, with a message that says what to do.
 * Bugs are assertions (assert.ts); strangers' bytes are results (result.ts).
 */

const CODES = [
  /** Enough of the responsible nodes answered, and none has it. */
  'not-found',
  /** Too few of the responsible nodes answered, or too few fragments are alive right now. */
  'unreachable',
  /** The caller's or the protocol's deadline passed. */
  'timed-out',
  /** A peer or this node declined: not its region, over budget, not permitted. */
  'refused',
  /** A peer has too much to do; trying again more slowly helps. */
  'busy',
  /** What was found contradicts its own hashes. */
  'damaged',
  /** The request itself is malformed: a garbled link, an impossible range. */
  'invalid',
  /** No room: the disk is full or the quota is used up. */
  'no-space',
  /** The disk or folder cannot be written or read. */
  'storage',
  /** The caller gave up. */
  'aborted',
  /** This node is stopping. */
  'closed',
] as const

export type FailureCode = (typeof CODES)[number]

/** Whether a stranger's text is one of our codes. */
export function isFailureCode(text: string): text is FailureCode {
  return (CODES as readonly string[]).includes(text)
}

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  /** Numbers behind the message, printable as JSON. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: FailureCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

export function isFailure(error: unknown, code?: FailureCode): error is Failure {
  return error instanceof Failure && (code === undefined || error.code === code)
}

/** What an aborted call rejects with: the signal's own reason when that is a failure, else `aborted`. */
export function abortFailure(signal: { readonly reason: unknown }): Failure {
  if (signal.reason instanceof Failure) return signal.reason
  return new Failure('aborted', 'the caller cancelled the call', { cause: signal.reason })
}
