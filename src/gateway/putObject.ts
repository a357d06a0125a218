/** PUT and POST /api/v1/objects: a body of any size becomes an object, a tar archive a directory. */
import { fromHex, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { linkedController } from '../base/signals.ts'
import { printLink } from '../crypto/link.ts'
import { HASH_BYTES } from '../ports/primitives.ts'
import type { PutOptions, PutProgress, PutResult } from '../storage/objects.ts'
import type { PutDirectoryResult } from '../vault/directory.ts'
import { bodyOf } from './chunks.ts'
import type { DoorDeps } from './doorDeps.ts'
import type { Exchange } from './exchange.ts'
import { HEARTBEAT_MS, PROGRESS_MS } from './limits.ts'
import { isMediaType } from './mediaTypes.ts'
import { problemOf } from './problem.ts'
import { treeOf } from './tar.ts'

/** What a put answers, also as the last line of a progress stream. */
export interface PutSummary {
  readonly link: string
  readonly bytes: number
  readonly segments: number
  readonly fragments: PutResult['fragments']
  readonly seconds: number
  /** Not sent, because an earlier put of the same key had placed them. */
  readonly fragmentsResumed?: number
  /** Of a directory: its files, directories and symlinks. */
  readonly entries?: number
}

const NDJSON = 'application/x-ndjson'
const TAR = 'application/x-tar'

/** What clients send when they were told nothing about the content. */
const SAYS_NOTHING = /^application\/(x-www-form-urlencoded|octet-stream)$/i

export async function putObject(deps: DoorDeps, exchange: Exchange): Promise<void> {
  const options = putOptions(exchange)
  const wantsLines = (exchange.request.headers.accept ?? '').includes(NDJSON)
  if (wantsLines) await putWithProgress(deps, exchange, options)
  else await putPlainly(deps, exchange, options)
}

async function putPlainly(deps: DoorDeps, exchange: Exchange, options: PutOptions): Promise<void> {
  const summary = await put(deps, exchange, options)
  exchange.response.writeHead(201, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    location: `/api/v1/objects/${summary.link}`,
  })
  exchange.response.end(`${JSON.stringify(summary)}\n`)
}

/** The status line leaves before the outcome is known, so the outcome is the last line: `summary` or `error`. */
async function putWithProgress(deps: DoorDeps, exchange: Exchange, options: PutOptions): Promise<void> {
  const { response } = exchange
  response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' })
  response.flushHeaders()
  let progress: PutProgress = { bytes: 0, fragmentsPlaced: 0, fragmentsTotal: 0 }
  let writtenMs = performance.now()
  const writeStatus = (): void => {
    writtenMs = performance.now()
    // A client that does not read its progress must not make this node keep it.
    if (!response.writableNeedDrain) response.write(`${JSON.stringify({ type: 'status', ...progress })}\n`)
  }
  const heartbeat = setInterval(writeStatus, HEARTBEAT_MS)
  try {
    const summary = await put(deps, exchange, {
      ...options,
      onProgress: (now) => {
        progress = now
        if (performance.now() - writtenMs >= PROGRESS_MS) writeStatus()
      },
    })
    response.end(`${JSON.stringify({ type: 'summary', ...summary })}\n`)
  } catch (error) {
    const { type: _, ...problem } = problemOf(error)
    response.end(`${JSON.stringify({ type: 'error', ...problem })}\n`)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

async function put(deps: DoorDeps, exchange: Exchange, options: PutOptions): Promise<PutSummary> {
  const startMs = performance.now()
  const result = await store(deps, exchange, options)
  return {
    link: printLink(deps.primitives, result.capability),
    bytes: result.bytes,
    segments: result.segments,
    fragments: result.fragments,
    seconds: Math.round(performance.now() - startMs) / 1000,
    ...(result.fragmentsResumed === undefined ? {} : { fragmentsResumed: result.fragmentsResumed }),
    ...(result.entries === undefined ? {} : { entries: result.entries }),
  }
}

/** A put that fails leaves its source where it stands; waiting for more of the body must end with it. */
async function store(
  deps: DoorDeps,
  exchange: Exchange,
  options: PutOptions,
): Promise<PutResult & Partial<PutDirectoryResult>> {
  const asDirectory = isDirectory(exchange)
  const reading = linkedController(exchange.signal)
  const body = bodyOf(exchange.request, reading.signal)
  try {
    return await (asDirectory ? deps.directories.put(treeOf(body), options) : deps.objects.put(body, options))
  } finally {
    reading.abort(new Failure('aborted', 'the put has ended'))
    reading.release()
  }
}

function isDirectory({ request, query }: Exchange): boolean {
  if (!isSet(query, 'directory')) return false
  if (request.headers['content-type'] === TAR) return true
  throw new Failure('invalid', `a directory is sent as a tar archive, with Content-Type: ${TAR}`)
}

function putOptions({ request, query, signal }: Exchange): PutOptions {
  const survive = surviveOf(query.get('survive') ?? request.headers['mainframe-survive'])
  const resumeKey = resumeKeyOf(request.headers['mainframe-resume'])
  const type = request.headers['content-type'] ?? ''
  if (type !== '' && !isMediaType(type)) throw new Failure('invalid', 'the Content-Type is no media type')
  const keptType = SAYS_NOTHING.test(type) || isSet(query, 'directory') ? '' : type
  return {
    signal,
    ...(survive === undefined ? {} : { survive }),
    ...(resumeKey === undefined ? {} : { resumeKey }),
    ...(keptType === '' ? {} : { type: keptType }),
  }
}

function surviveOf(text: string | readonly string[] | undefined): number | undefined {
  if (text === undefined) return undefined
  const share = typeof text === 'string' && /^0?\.[0-9]{1,6}$/.test(text) ? Number(text) : 0
  if (share > 0) return share
  throw new Failure('invalid', 'survive is the share of nodes that may vanish, between 0 and 1: for example 0.5')
}

function resumeKeyOf(text: string | readonly string[] | undefined): Bytes | undefined {
  if (text === undefined) return undefined
  const key = typeof text === 'string' && text.length === 2 * HASH_BYTES ? fromHex(text) : undefined
  if (key !== undefined) return key
  throw new Failure('invalid', 'Mainframe-Resume is 32 bytes in lower-case hex that no other content goes by')
}

/** `?flag`, `?flag=1` and `?flag=true` set a flag. */
export function isSet(query: URLSearchParams, flag: string): boolean {
  return ['', '1', 'true'].includes(query.get(flag) ?? '0')
}
