/** GET and HEAD /api/v1/objects/{link}[/path]: an object, a file in a directory, or a directory as a listing or a tar archive. */
import { idBytes } from '../base/id.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Capability } from '../crypto/link.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { OpenObject } from '../storage/objects.ts'
import type { OpenDirectory, TreeEntry, TreeSource } from '../vault/directory.ts'
import { pour } from './chunks.ts'
import { capabilityOf, type DoorDeps } from './doorDeps.ts'
import type { Exchange } from './exchange.ts'
import { isPassive } from './mediaTypes.ts'
import { HttpRefusal } from './problem.ts'
import { isSet } from './putObject.ts'
import { answerRange } from './range.ts'
import { tarOf } from './tar.ts'

/** A directory's entries as JSON. */
export interface Listing {
  /** Of the listed directory or file within the link's tree; empty for the root. */
  readonly path: string
  readonly entries: readonly TreeEntry[]
}

type Form = 'listing' | 'tar'

/** The link names its content for ever. */
const CACHE = 'private, max-age=31536000, immutable'

/** Tells an archive made of a directory from a stored file that is one. */
const KIND_HEADER = 'mainframe-kind'

const ETAG_LABEL = utf8('mainframe/etag/1\0')

export async function getObject(deps: DoorDeps, exchange: Exchange, link: string, path: string): Promise<void> {
  const capability = capabilityOf(deps.primitives, link)
  if (capability.what === 'directory') {
    await getFromDirectory(deps, exchange, capability, path)
    return
  }
  if (path !== '') throw new Failure('not-found', 'the link is of a single object, which has no paths in it')
  const { signal } = exchange
  if (isSet(exchange.query, 'list')) {
    const { size, type } = await deps.objects.open(capability, { signal })
    sendListing(exchange, { path, entries: [fileEntry('', size, type)] })
    return
  }
  const etag = etagOf(deps.primitives, capability, '')
  if (isFresh(exchange, etag)) sendNotModified(exchange, etag)
  else await sendFile(exchange, await deps.objects.open(capability, { signal }), etag, '')
}

async function getFromDirectory(
  deps: DoorDeps,
  exchange: Exchange,
  capability: Capability,
  path: string,
): Promise<void> {
  const { signal } = exchange
  const directory = await deps.directories.open(capability, { signal })
  const entry = path === '' ? undefined : await directory.stat(path, { signal })
  if (entry === undefined || entry.kind === 'directory') {
    await sendDirectory(exchange, directory, path)
  } else if (isSet(exchange.query, 'list')) {
    sendListing(exchange, { path, entries: [entry] })
  } else if (entry.kind === 'symlink') {
    throw new Failure('invalid', `${path} is a symbolic link to ${entry.target}; ask for what it points at`)
  } else {
    const etag = etagOf(deps.primitives, capability, path)
    if (isFresh(exchange, etag)) sendNotModified(exchange, etag)
    else await sendFile(exchange, await directory.open(path, { signal }), etag, path)
  }
}

async function sendDirectory(exchange: Exchange, directory: OpenDirectory, path: string): Promise<void> {
  const form: Form = /\bapplication\/x-tar\b/i.test(exchange.request.headers.accept ?? '') ? 'tar' : 'listing'
  if (form === 'listing' || isSet(exchange.query, 'list')) {
    sendListing(exchange, { path, entries: await directory.list(path, { signal: exchange.signal }) })
  } else {
    await sendTar(exchange, directory, path)
  }
}

async function sendFile(exchange: Exchange, object: OpenObject, etag: string, path: string): Promise<void> {
  const { request, response, signal } = exchange
  const given = request.headers['if-range']
  const header = given === undefined || given === etag ? request.headers.range : undefined
  // RFC 9110 defines Range for GET alone.
  const answer = answerRange(request.method === 'GET' ? header : undefined, object.size)
  if (answer.kind === 'unsatisfiable') {
    throw new HttpRefusal('range-not-satisfiable', `the range lies outside of the ${object.size} bytes there are`, {
      'content-range': `bytes */${object.size}`,
    })
  }
  const range = answer.kind === 'part' ? answer.range : undefined
  const head = {
    ...fileHeaders(object.type, etag, path),
    'content-length': range === undefined ? object.size : range.end - range.start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${object.size}` }),
  }
  const send = (): void => {
    response.strictContentLength = true
    response.writeHead(range === undefined ? 200 : 206, head)
  }
  if (request.method === 'HEAD') send()
  else await pourAfterFirst(object.stream({ signal, ...(range === undefined ? {} : { range }) }), exchange, send)
  response.end()
}

async function sendTar(exchange: Exchange, directory: OpenDirectory, path: string): Promise<void> {
  const { request, response, signal } = exchange
  const send = (): void => {
    response.writeHead(200, {
      ...varying(),
      'content-type': 'application/x-tar',
      'cache-control': CACHE,
      [KIND_HEADER]: 'directory',
    })
  }
  if (request.method === 'HEAD') send()
  else await pourAfterFirst(tarOf(subtree(directory, path, signal)), exchange, send)
  response.end()
}

function sendListing({ request, response }: Exchange, listing: Listing): void {
  response.writeHead(200, { ...varying(), 'content-type': 'application/json', 'cache-control': CACHE })
  response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(listing)}\n`)
}

function sendNotModified({ response }: Exchange, etag: string): void {
  response.writeHead(304, { etag, 'cache-control': CACHE })
  response.end()
}

/** Sends the head only when the first piece is there: until then a failure still gets its own status. */
async function pourAfterFirst(
  source: AsyncIterable<Uint8Array>,
  { response, signal }: Exchange,
  sendHead: () => void,
): Promise<void> {
  const pieces = source[Symbol.asyncIterator]()
  try {
    const first = await pieces.next()
    sendHead()
    if (first.done === true) return
    await pour(startingWith(first.value, pieces), response, signal)
  } finally {
    await pieces.return?.()
  }
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  for (;;) {
    const next = await rest.next()
    if (next.done === true) return
    yield next.value
  }
}

/** The entries below `path`, named from there. */
async function* subtree(directory: OpenDirectory, path: string, signal: AbortSignal): AsyncGenerator<TreeSource> {
  const prefix = path === '' ? '' : `${path}/`
  for await (const step of directory.walk({ signal })) {
    const { entry } = step
    if (!entry.path.startsWith(prefix)) continue
    yield {
      entry: { ...entry, path: entry.path.slice(prefix.length) },
      content: { [Symbol.asyncIterator]: () => step.content()[Symbol.asyncIterator]() },
    }
  }
}

/** Nothing stored may run in this door's origin, whatever type it claims to be. */
function fileHeaders(type: string, etag: string, path: string): Record<string, string> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return {
    'content-type': type === '' ? 'application/octet-stream' : type,
    'content-disposition': disposition(isPassive(type) ? 'inline' : 'attachment', name),
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    [KIND_HEADER]: 'file',
    'cache-control': CACHE,
    etag,
  }
}

/** RFC 6266, with the name in RFC 8187's encoding where there is one. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  if (name === '') return kind
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return `${kind}; filename*=UTF-8''${encoded}`
}

function varying(): Record<string, string> {
  return { vary: 'accept', 'x-content-type-options': 'nosniff' }
}

/** Of what the link names, never of its key: an ETag ends up in logs and caches. */
function etagOf(primitives: Primitives, capability: Capability, path: string): string {
  return `"${toHex(primitives.hash(ETAG_LABEL, idBytes(capability.root), utf8(path)).subarray(0, 16))}"`
}

function isFresh({ request }: Exchange, etag: string): boolean {
  const wanted = request.headers['if-none-match']
  if (wanted === undefined) return false
  return wanted.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')))
}

function fileEntry(path: string, size: number, type: string): TreeEntry {
  return { path, kind: 'file', mode: 0o644, modifiedUs: 0, size, type, target: '' }
}
