/** How commands end: exit codes, which failure has which, and how an error is told. docs/cli.md has the same table. */
import { isFailure, type FailureCode } from '../base/failure.ts'

export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  partial: 3,
  notFound: 4,
  unreachable: 5,
  conflict: 6,
  permission: 7,
  notRunning: 8,
  noSpace: 9,
  integrity: 10,
  locked: 11,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const BY_FAILURE: Readonly<Record<FailureCode, ExitCode>> = {
  'not-found': EXIT.notFound,
  unreachable: EXIT.unreachable,
  'timed-out': EXIT.timedOut,
  refused: EXIT.permission,
  busy: EXIT.unreachable,
  damaged: EXIT.integrity,
  invalid: EXIT.usage,
  'no-space': EXIT.noSpace,
  storage: EXIT.error,
  aborted: EXIT.error,
  closed: EXIT.unreachable,
}

/** Codes that the API adds to those of failures. */
const BY_REFUSAL: Readonly<Record<string, ExitCode>> = {
  unauthorized: EXIT.permission,
  forbidden: EXIT.permission,
  misdirected: EXIT.permission,
  'bad-request': EXIT.usage,
  'range-not-satisfiable': EXIT.usage,
}

/** A command that failed, with everything its user is told. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = exitCode
    this.code = code
    this.details = options.details ?? {}
  }
}

export function usage(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, 'usage', message)
}

export function notRunningAt(api: string, cause: unknown): CommandFailure {
  const message = `no node answers at ${api}; is it running? Start one with \`mainframe up\` or \`mainframe testnet\``
  return new CommandFailure(EXIT.notRunning, 'not-running', message, { cause })
}

/** The exit code of a code that the API answered with. */
export function exitCodeOf(code: string): ExitCode {
  return { ...BY_REFUSAL, ...BY_FAILURE }[code] ?? EXIT.error
}

export function asCommandFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (isFailure(error)) {
    const { code, message, details } = error
    return new CommandFailure(exitCodeOf(code), code, message, { details, cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new CommandFailure(EXIT.error, 'internal', `a fault of the program itself: ${message}`, { cause: error })
}

/** A home in use is told apart from other refusals, which at the start are a taken port or an address that is not this machine's. */
export function asStartFailure(error: unknown): CommandFailure {
  if (!isFailure(error, 'refused')) return asCommandFailure(error)
  const isLocked = 'locked' in error.details
  const [exitCode, code] = isLocked ? [EXIT.locked, 'locked'] : [EXIT.error, error.code]
  return new CommandFailure(exitCode, code, error.message, { details: error.details, cause: error })
}
