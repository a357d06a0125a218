/**
 * The node's HTTP door on loopback: listens, checks who speaks, routes, and ends cleanly. What the routes do stands in files of
 * their own; docs/api.md describes them all.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { checkOrigin, checkToken } from './access.ts'
import type { DoorDeps } from './doorDeps.ts'
import { parseTarget, signalFor, timeoutOf, type Exchange } from './exchange.ts'
import { getObject } from './getObject.ts'
import { answerJson, jsonRoutes, type JsonRoutes } from './jsonRoutes.ts'
import {
  ANSWER_MS_DEFAULT,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS,
  LINGER_MS_MAX,
  STOP_MS_MAX,
} from './limits.ts'
import { listenOnLoopback } from './loopback.ts'
import { HttpRefusal, problemOf, sendProblem } from './problem.ts'
import { putObject } from './putObject.ts'

export interface GatewayOptions extends DoorDeps {
  /** 0 takes any free port. */
  readonly port: number
  readonly token: string
  /** Told of faults of the program itself, for the log; never of links, paths or tokens. */
  readonly onFault?: (fault: unknown) => void
}

export class Gateway {
  readonly port: number
  private readonly options: GatewayOptions
  private readonly servers: readonly Server[]
  private readonly routes: JsonRoutes
  private readonly stopping = new AbortController()
  private readonly underWay = new Set<Promise<void>>()
  private closing = false

  private constructor(options: GatewayOptions, servers: readonly Server[], port: number) {
    this.options = options
    this.servers = servers
    this.port = port
    this.routes = jsonRoutes(options)
    for (const server of servers) {
      server.on('request', (request, response) => this.onRequest(request, response))
      server.on('checkContinue', (request, response) => this.onRequest(request, response))
    }
  }

  /** Rejects with `refused` when the port is taken. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { servers, port } = await listenOnLoopback(options.port, newServer)
    return new Gateway(options, servers, port)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Takes no more requests; those under way may finish for STOP_MS_MAX, or not at all when `hurry` is aborted. */
  async stop(hurry?: AbortSignal): Promise<void> {
    if (this.closing) return
    this.closing = true
    const closed = Promise.all(
      this.servers.map(
        (server) =>
          new Promise<void>((resolve) =>
            server.close(() => {
              resolve()
            }),
          ),
      ),
    )
    const end = (): void => {
      this.stopping.abort()
      for (const server of this.servers) server.closeAllConnections()
    }
    const timer = setTimeout(end, STOP_MS_MAX)
    if (hurry?.aborted === true) end()
    hurry?.addEventListener('abort', end, { once: true })
    await Promise.allSettled(this.underWay)
    for (const server of this.servers) server.closeIdleConnections()
    await closed
    clearTimeout(timer)
    hurry?.removeEventListener('abort', end)
  }

  private onRequest(request: IncomingMessage, response: ServerResponse): void {
    const answering = this.answer(request, response).finally(() => this.underWay.delete(answering))
    this.underWay.add(answering)
  }

  /** Never rejects: whatever fails becomes an answer or a broken transfer. */
  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Errors of the sockets show as `close`, which the exchange's signal hears.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (this.closing) response.setHeader('connection', 'close')
    const finished = new Promise<void>((resolve) => response.once('close', resolve))
    try {
      await this.route(request, response)
    } catch (error) {
      this.report(error)
      refuse(request, response, error)
    }
    await finished
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkOrigin(request, this.port)
    const target = parseTarget(request.url ?? '/')
    if (target.segments[0] !== 'healthz') checkToken(request, this.options.token)
    if (request.headers.expect !== undefined) response.writeContinue()
    const timeoutMs = timeoutOf(request, target.query)
    const isStream = target.segments[2] === 'objects'
    const deadlineMs = timeoutMs ?? (isStream ? undefined : ANSWER_MS_DEFAULT)
    const life = signalFor(response, deadlineMs, this.stopping.signal)
    try {
      const exchange: Exchange = { ...target, request, response, signal: life.signal }
      if (isStream) await this.objects(exchange)
      else await answerJson(this.routes, exchange)
    } finally {
      life.release()
    }
  }

  private async objects(exchange: Exchange): Promise<void> {
    const [, , , link, ...names] = exchange.segments
    const method = exchange.request.method ?? ''
    const onOne = link !== undefined && link !== ''
    const allowed = onOne ? ['GET', 'HEAD'] : ['PUT', 'POST']
    if (!allowed.includes(method)) {
      throw new HttpRefusal('method-not-allowed', `${method} is not done here`, { allow: allowed.join(', ') })
    }
    if (onOne) await getObject(this.options, exchange, link, names.filter((name) => name !== '').join('/'))
    else await putObject(this.options, exchange)
  }

  private report(error: unknown): void {
    if (problemOf(error).code === 'internal') this.options.onFault?.(error)
  }
}

function newServer(): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_MS_MAX,
    // Uploads take as long as they take; chunks.ts ends those that stall.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
  server.maxConnections = CONNECTIONS_MAX
  return server
}

/** Answers with the problem. Of an upload that is still coming, drops what comes for a while: a reset would hide the answer. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const uploading = !request.complete && !request.destroyed
  if (uploading && !response.headersSent) response.setHeader('connection', 'close')
  sendProblem(response, error)
  if (!uploading) return
  request.resume()
  const linger = setTimeout(() => request.destroy(), LINGER_MS_MAX)
  response.once('close', () => {
    clearTimeout(linger)
  })
}
