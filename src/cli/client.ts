/** The commands' side of the API, on node:http: streams both ways at the pace of the slower end, and failures as commands tell them. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { PutProgress } from '../storage/objects.ts'
import type { Problem } from '../gateway/problem.ts'
import type { PutSummary } from '../gateway/putObject.ts'
import type { NodeAddress } from './environment.ts'
import { asCommandFailure, CommandFailure, EXIT, exitCodeOf, notRunningAt } from './exit.ts'
import { ANSWER_MARGIN_MS, FRUITLESS_RESUMES_MAX } from './limits.ts'

export interface ClientOptions extends NodeAddress {
  readonly signal: AbortSignal
  /** When the signal will be aborted for want of time; undefined for never. In `performance.now()` time. */
  readonly deadlineMs?: number
}

export interface Upload {
  readonly body: AsyncIterable<Uint8Array>
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly onProgress: (progress: PutProgress) => void
}

export interface Download {
  /** Undefined for a directory, whose archive's size nobody knows before its end. */
  readonly size: number | undefined
  readonly kind: 'file' | 'directory'
  readonly content: AsyncIterable<Uint8Array>
}

type Line = ({ type: 'status' } & PutProgress) | ({ type: 'summary' } & PutSummary) | ({ type: 'error' } & Problem)

export class NodeClient {
  private readonly options: ClientOptions

  constructor(options: ClientOptions) {
    this.options = options
  }

  /** The JSON document at `path`. */
  async json<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await this.response(this.request('GET', path, query, { accept: 'application/json' }))
    return JSON.parse(await textOf(response)) as T
  }

  /** The JSON document that a change answers with. */
  async change<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await this.response(this.request('POST', path, query, { accept: 'application/json' }))
    return JSON.parse(await textOf(response)) as T
  }

  /** Stores what `body` gives, and what it says about the content. Reads no further once the node has refused. */
  async upload({ body, headers, query, onProgress }: Upload): Promise<PutSummary> {
    const accept = { accept: 'application/x-ndjson' }
    const request = this.request('PUT', '/api/v1/objects', query, { ...headers, ...accept })
    let sourceFailure: unknown
    void send(body, request).catch((error: unknown) => {
      sourceFailure = error
      request.destroy()
    })
    try {
      const response = await this.response(request)
      return await outcomeOf(response, onProgress)
    } catch (error) {
      throw sourceFailure ?? this.failure(error)
    } finally {
      request.destroy()
    }
  }

  /** The content of a link, perhaps a part of it. A transfer that breaks off goes on where it broke. */
  async download(target: string, range: string | undefined): Promise<Download> {
    const path = `/api/v1/objects/${target}`
    const headers = { accept: 'application/x-tar, */*', ...(range === undefined ? {} : { range: `bytes=${range}` }) }
    const response = await this.response(this.request('GET', path, {}, headers))
    const kind = response.headers['mainframe-kind'] === 'directory' ? 'directory' : 'file'
    const length = response.headers['content-length']
    const size = length === undefined ? undefined : Number(length)
    if (size === undefined) return { size, kind, content: this.unresumed(response) }
    return { size, kind, content: this.resumed(response, path, { size, start: startOf(response) }) }
  }

  private async *unresumed(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of response) yield piece as Uint8Array
    } catch (error) {
      throw this.failure(error)
    }
  }

  private async *resumed(
    first: IncomingMessage,
    path: string,
    { size, start }: { readonly size: number; readonly start: number },
  ): AsyncGenerator<Uint8Array> {
    let response = first
    let received = 0
    for (let fruitless = 0; ; fruitless++) {
      const before = received
      try {
        for await (const piece of response) {
          received += (piece as Uint8Array).length
          yield piece as Uint8Array
        }
        return
      } catch (error) {
        if (received > before) fruitless = 0
        if (this.options.signal.aborted || fruitless >= FRUITLESS_RESUMES_MAX) throw this.failure(error)
      }
      const range = `bytes=${start + received}-${start + size - 1}`
      const headers = { range, 'if-range': first.headers.etag ?? '' }
      response = await this.response(this.request('GET', path, {}, headers))
      if (response.statusCode !== 206) throw brokenOff('the content changed between two parts')
    }
  }

  private request(
    method: string,
    path: string,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ): ClientRequest {
    const { api, token, signal } = this.options
    const url = new URL(api)
    const search = new URLSearchParams({ ...query, ...this.timeout() }).toString()
    const request = httpRequest({
      agent: false,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 80 : Number(url.port),
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers: { host: url.host, authorization: `Bearer ${token}`, ...headers },
      signal,
    })
    // Late errors, after an answer, show on the response.
    request.on('error', () => undefined)
    if (method !== 'PUT') request.end()
    return request
  }

  /** What is left of the time, told to the node. */
  private timeout(): Readonly<Record<string, string>> {
    const { deadlineMs } = this.options
    if (deadlineMs === undefined) return {}
    const leftMs = Math.round(deadlineMs - performance.now() - ANSWER_MARGIN_MS)
    return { timeout: `${Math.max(1, leftMs)}ms` }
  }

  /** A successful response; throws what an unsuccessful one says. */
  private async response(request: ClientRequest): Promise<IncomingMessage> {
    let response: IncomingMessage
    try {
      ;[response] = (await once(request, 'response')) as [IncomingMessage]
      if ((response.statusCode ?? 500) < 400) return response
    } catch (error) {
      throw this.failure(error)
    }
    const text = await textOf(response)
    throw problemFailure(parseProblem(text, response.statusCode ?? 500))
  }

  private failure(error: unknown): unknown {
    const { signal, api } = this.options
    if (signal.aborted) return signal.reason
    if (error instanceof CommandFailure) return error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
      return notRunningAt(api, error)
    }
    const isNetwork = code === 'ECONNRESET' || code === 'EPIPE'
    return isNetwork ? brokenOff('the node broke the transfer off', error) : asCommandFailure(error)
  }
}

/** Sends the body and ends the request; gives up quietly when the request has ended first. */
async function send(body: AsyncIterable<Uint8Array>, request: ClientRequest): Promise<void> {
  for await (const piece of body) {
    if (request.destroyed) return
    if (!request.write(piece)) await drainedOrClosed(request)
  }
  request.end()
}

async function drainedOrClosed(request: ClientRequest): Promise<void> {
  if (request.destroyed) return
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      request.off('drain', settle).off('close', settle)
      resolve()
    }
    request.once('drain', settle).once('close', settle)
  })
}

async function outcomeOf(response: IncomingMessage, onProgress: Upload['onProgress']): Promise<PutSummary> {
  let last: Line | undefined
  for await (const text of linesOf(response)) {
    last = JSON.parse(text) as Line
    if (last.type === 'status') onProgress(last)
  }
  if (last?.type === 'summary') {
    const { type: _, ...summary } = last
    return summary
  }
  throw last?.type === 'error' ? problemFailure(last) : brokenOff('the node ended without an answer')
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let held = ''
  for await (const piece of response.setEncoding('utf8')) {
    const lines = `${held}${piece as string}`.split('\n')
    held = lines.pop() ?? ''
    yield* lines
  }
}

function parseProblem(text: string, status: number): Problem {
  try {
    return JSON.parse(text) as Problem
  } catch {
    const detail = `the answer is none of a node's (HTTP ${status}); is another program listening there?`
    return { type: '', title: '', status, code: 'internal', detail, details: {} }
  }
}

function problemFailure({ code, detail, details }: Problem): CommandFailure {
  return new CommandFailure(exitCodeOf(code), code, detail, { details })
}

function brokenOff(what: string, cause?: unknown): CommandFailure {
  return new CommandFailure(EXIT.unreachable, 'unreachable', `${what}; try again`, { cause })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

/** Where a partial response begins in the whole content. */
function startOf(response: IncomingMessage): number {
  return Number(/^bytes ([0-9]+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? 0)
}
