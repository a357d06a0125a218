/** One request with its response, as the routes see it: parsed target, and a signal that ends the work when nobody wants it any more. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure } from '../base/failure.ts'
import { parseDuration } from '../base/quantities.ts'
import { TIMEOUT_MS_MAX } from './limits.ts'
import { HttpRefusal } from './problem.ts'

export interface Target {
  /** The path's segments, each decoded on its own: a `%2F` inside a name stays inside it. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

export interface Exchange extends Target {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborted with `aborted` when the client leaves, `timed-out` at the deadline it set, `closed` when the door closes. */
  readonly signal: AbortSignal
}

/** Throws the refusal for a target that is no path or not well escaped. */
export function parseTarget(url: string): Target {
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  if (!path.startsWith('/')) throw new HttpRefusal('bad-request', 'the request target is no path')
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent)
    return { segments, query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)) }
  } catch {
    throw new HttpRefusal('bad-request', 'the path is not well escaped')
  }
}

/** The client's deadline: `?timeout=30s`, else the header `Request-Timeout: 30s`. */
export function timeoutOf(request: IncomingMessage, query: URLSearchParams): number | undefined {
  const header = request.headers['request-timeout']
  const text = query.get('timeout') ?? (typeof header === 'string' ? header : undefined)
  if (text === undefined) return undefined
  const timeoutMs = parseDuration(text)
  if (timeoutMs === undefined) throw new Failure('invalid', 'timeout is a duration such as 500ms, 30s or 5m')
  return Math.min(timeoutMs, TIMEOUT_MS_MAX)
}

/** Ends the exchange's work at its deadline, when the client leaves, and when `stopping` is aborted. `release` when it is over. */
export function signalFor(
  response: ServerResponse,
  timeoutMs: number | undefined,
  stopping: AbortSignal,
): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const onClose = (): void => {
    if (!response.writableFinished) controller.abort(new Failure('aborted', 'the client left before the end'))
  }
  const onStop = (): void => {
    controller.abort(new Failure('closed', 'this node is stopping'))
  }
  const deadline =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          controller.abort(new Failure('timed-out', `the request did not finish within ${timeoutMs} ms`))
        }, timeoutMs)
  response.once('close', onClose)
  if (stopping.aborted) onStop()
  stopping.addEventListener('abort', onStop, { once: true })
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(deadline)
      response.off('close', onClose)
      stopping.removeEventListener('abort', onStop)
    },
  }
}
