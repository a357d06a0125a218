/** What went wrong, as HTTP says it: one table from failure codes to statuses, and bodies as RFC 9457 has them. */
import { STATUS_CODES, type ServerResponse } from 'node:http'
import { isFailure, type FailureCode } from '../base/failure.ts'
import { LINGER_MS_MAX } from './limits.ts'

/** Refusals that exist in HTTP only, by code. */
const REFUSAL_STATUS = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'no-such-route': 404,
  'method-not-allowed': 405,
  'range-not-satisfiable': 416,
  misdirected: 421,
} as const

const FAILURE_STATUS: Readonly<Record<FailureCode, number>> = {
  'not-found': 404,
  unreachable: 503,
  'timed-out': 504,
  refused: 403,
  busy: 429,
  damaged: 502,
  invalid: 400,
  'no-space': 507,
  storage: 500,
  aborted: 499,
  closed: 503,
}

export type RefusalCode = keyof typeof REFUSAL_STATUS

/** The body of an error response (`application/problem+json`). */
export interface Problem {
  /** Always `about:blank`: `code` tells the kinds apart. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: FailureCode | RefusalCode | 'internal'
  /** What happened and what to do, for people. */
  readonly detail: string
  readonly details: Readonly<Record<string, unknown>>
}

/** A request that HTTP's own rules refuse. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal'
  readonly code: RefusalCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: RefusalCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.headers = headers
  }
}

export function problemOf(error: unknown): Problem {
  if (isFailure(error)) return problem(FAILURE_STATUS[error.code], error.code, error.message, error.details)
  if (error instanceof HttpRefusal) return problem(REFUSAL_STATUS[error.code], error.code, error.message, {})
  return problem(500, 'internal', "a fault of the program itself; the node's log has the details", {})
}

/** Answers with the problem when nothing has been sent; otherwise breaks the transfer, so that no client takes a part for the whole. */
export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.writableEnded) return
  if (response.headersSent) {
    breakOff(response)
    return
  }
  const body = problemOf(error)
  const headers = error instanceof HttpRefusal ? error.headers : {}
  response.writeHead(body.status, {
    ...headers,
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  })
  response.end(`${JSON.stringify(body)}\n`)
}

/** Ends the connection short of the end that was announced. What was sent so far still arrives: a client can go on from there. */
function breakOff(response: ServerResponse): void {
  response.socket?.destroySoon()
  const timer = setTimeout(() => response.destroy(), LINGER_MS_MAX)
  response.once('close', () => {
    clearTimeout(timer)
  })
}

function problem(status: number, code: Problem['code'], detail: string, details: Problem['details']): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Failed', status, code, detail, details }
}
