/** The HTTP door against objects in memory: what it answers, whom it refuses, and that no failure looks like success. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { Failure, type FailureCode } from '../base/failure.ts'
import { present } from '../base/assert.ts'
import { deferred } from '../base/signals.ts'
import type { NodeStatus } from '../node/status.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { emptyStorage, MEMORY_HEALTH, MemoryDirectories, MemoryObjects } from '../testing/memoryObjects.ts'
import type { TreeEntry, TreeSource } from '../vault/directory.ts'
import { Gateway } from './gateway.ts'
import type { Listing } from './getObject.ts'
import type { Problem } from './problem.ts'
import type { PutSummary } from './putObject.ts'
import type { Health } from '../storage/objects.ts'
import { tarOf, treeOf } from './tar.ts'

const TOKEN = 'a-token-of-this-test'
const MIB = 1024 * 1024

let objects: MemoryObjects
let gateway: Gateway
let faults: unknown[]

beforeEach(async () => {
  objects = new MemoryObjects()
  faults = []
  gateway = await Gateway.start({ ...doorOf(objects), port: 0, onFault: (fault) => faults.push(fault) })
})

function doorOf(kept: MemoryObjects): Omit<Parameters<typeof Gateway.start>[0], 'port'> {
  const directories = new MemoryDirectories(kept)
  const status = (): NodeStatus => ({ network: 'test' }) as NodeStatus
  const primitives = new NodePrimitives()
  return { objects: kept, directories, primitives, status, storage: emptyStorage, home: 'a folder', token: TOKEN }
}

afterEach(async () => {
  await gateway.stop(AbortSignal.abort())
})

test('what is put is got back, with its type', async () => {
  const content = randomBytes(3 * MIB + 17)
  const put = await ask('PUT', '/api/v1/objects?survive=0.3', { 'content-type': 'image/png' }, content)
  assert.equal(put.status, 201)
  const summary = json<PutSummary>(put)
  assert.deepEqual(
    { ...summary, link: '', seconds: 0 },
    {
      link: '',
      bytes: content.length,
      segments: 1,
      fragments: { needed: 4, total: 33, placed: 33 },
      seconds: 0,
    },
  )
  assert.equal(objects.puts[0]?.survive, 0.3)
  const got = await ask('GET', `/api/v1/objects/${summary.link}`)
  assert.equal(got.status, 200)
  assert.deepEqual(got.body, content)
  assert.equal(got.headers['content-type'], 'image/png')
  assert.equal(got.headers['content-length'], String(content.length))
  assert.equal(got.headers['content-disposition'], 'inline')
})

test('a put that fails while more of its body is to come waits for that no longer', async () => {
  const waiting = deferred<Promise<unknown>>()
  objects.put = async (source) => {
    const body = source[Symbol.asyncIterator]()
    await body.next()
    waiting.resolve(assert.rejects(body.next(), { code: 'aborted' }))
    throw new Failure('no-space', 'no holder has room')
  }
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-length': '10' }
  const request = httpRequest(new URL('/api/v1/objects', gateway.url), { method: 'PUT', headers })
  request.on('error', () => undefined).write('begin')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 507)
  await await waiting.promise
  request.destroy()
})

test('a put is resumed by the key in its header, and by nothing that is no key', async () => {
  const key = randomBytes(32)
  await ask('PUT', '/api/v1/objects', { 'mainframe-resume': key.toString('hex') }, key)
  assert.deepEqual(Buffer.from(objects.puts[0]?.resumeKey ?? []), key)
  for (const text of ['', 'x', 'AB'.repeat(32), 'ab'.repeat(33)]) {
    const refused = await ask('PUT', '/api/v1/objects', { 'mainframe-resume': text }, key)
    assert.deepEqual([refused.status, json<Problem>(refused).code], [400, 'invalid'], text)
  }
  assert.equal(objects.puts.length, 1)
})

test('POST puts too, in chunks and of no length at all', async () => {
  const put = await ask('POST', '/api/v1/objects', { 'transfer-encoding': 'chunked' })
  const got = await ask('GET', `/api/v1/objects/${json<PutSummary>(put).link}`)
  assert.equal(got.status, 200)
  assert.equal(got.body.length, 0)
  assert.equal(got.headers['content-type'], 'application/octet-stream')
})

test('HEAD gives the length and no body', async () => {
  const link = await stored(Buffer.from('hello'))
  const head = await ask('HEAD', `/api/v1/objects/${link}`, { range: 'bytes=0-1' })
  assert.equal(head.status, 200)
  assert.equal(head.headers['content-length'], '5')
  assert.equal(head.headers['accept-ranges'], 'bytes')
  assert.equal(head.body.length, 0)
})

test('ranges give their part, and those outside the size', async () => {
  const content = randomBytes(700_000)
  const target = `/api/v1/objects/${await stored(content)}`
  const middle = await ask('GET', target, { range: 'bytes=300000-600000' })
  assert.equal(middle.status, 206)
  assert.deepEqual(middle.body, content.subarray(300_000, 600_001))
  assert.equal(middle.headers['content-range'], 'bytes 300000-600000/700000')
  assert.equal(middle.headers['content-length'], '300001')
  const suffix = await ask('GET', target, { range: 'bytes=-5' })
  assert.deepEqual(suffix.body, content.subarray(-5))
  const outside = await ask('GET', target, { range: 'bytes=700000-' })
  assert.equal(outside.status, 416)
  assert.equal(outside.headers['content-range'], 'bytes */700000')
  const several = await ask('GET', target, { range: 'bytes=0-1,5-6' })
  assert.equal(several.status, 200)
})

test('the ETag is strong, the same each time, and not of the key', async () => {
  const content = randomBytes(100)
  const [one, other] = [await stored(content), await stored(content)]
  const first = await ask('GET', `/api/v1/objects/${one}`)
  const etag = present(first.headers.etag, 'an ETag')
  assert.match(etag, /^"[0-9a-f]{32}"$/)
  assert.equal((await ask('GET', `/api/v1/objects/${other}`)).headers.etag, etag)
  assert.equal(first.headers['cache-control'], 'private, max-age=31536000, immutable')
  const again = await ask('GET', `/api/v1/objects/${one}`, { 'if-none-match': `"x", ${etag}` })
  assert.equal(again.status, 304)
  assert.equal(again.body.length, 0)
  const resumed = await ask('GET', `/api/v1/objects/${one}`, { range: 'bytes=1-2', 'if-range': etag })
  assert.equal(resumed.status, 206)
  const changed = await ask('GET', `/api/v1/objects/${one}`, { range: 'bytes=1-2', 'if-range': '"x"' })
  assert.equal(changed.status, 200)
})

test('what a browser could run is only ever saved, and never in this origin', async () => {
  for (const type of ['text/html', 'image/svg+xml', 'text/javascript', 'application/pdf', 'application/xhtml+xml']) {
    const put = await ask('PUT', '/api/v1/objects', { 'content-type': type }, Buffer.from('<script>1</script>'))
    const { headers } = await ask('GET', `/api/v1/objects/${json<PutSummary>(put).link}`)
    assert.equal(headers['content-disposition'], 'attachment', type)
    assert.equal(headers['content-security-policy'], 'sandbox')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('each failure has its status and says its code, message and evidence', async () => {
  const link = await stored(Buffer.from('x'))
  const statuses: Readonly<Record<Exclude<FailureCode, 'aborted'>, number>> = {
    'not-found': 404,
    unreachable: 503,
    'timed-out': 504,
    refused: 403,
    busy: 429,
    damaged: 502,
    invalid: 400,
    'no-space': 507,
    storage: 500,
    closed: 503,
  }
  for (const [code, status] of Object.entries(statuses)) {
    objects.failCall = () => new Failure(code as FailureCode, 'words', { details: { asked: 20 } })
    const answer = await ask('GET', `/api/v1/objects/${link}`)
    assert.equal(answer.status, status, code)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    const { title, ...problem } = json<Problem>(answer)
    assert.ok(title.length > 0)
    assert.deepEqual(problem, { type: 'about:blank', status, code, detail: 'words', details: { asked: 20 } })
  }
  assert.deepEqual(faults, [])
})

test('a fault of the program is reported to the log and tells the client nothing', async () => {
  const link = await stored(Buffer.from('x'))
  objects.failCall = () => new TypeError('secret inner words') as never
  const answer = await ask('GET', `/api/v1/objects/${link}`)
  assert.equal(answer.status, 500)
  assert.doesNotMatch(answer.body.toString(), /secret/)
  assert.equal(faults.length, 1)
})

test('a garbled link, a bad survive, type, duration and escape are each refused as invalid', async () => {
  const link = await stored(Buffer.from('x'))
  const garbled = `${link.slice(0, -1)}${link.endsWith('a') ? 'b' : 'a'}`
  for (const target of ['mf:abc', 'x', garbled, `${link}?timeout=soon`, '%E0%A4%A']) {
    assert.equal((await ask('GET', `/api/v1/objects/${target}`)).status, 400, target)
  }
  for (const survive of ['1', '0', '1.5', 'half', '-0.5', '']) {
    assert.equal((await ask('PUT', `/api/v1/objects?survive=${survive}`)).status, 400, survive)
  }
  assert.equal((await ask('PUT', '/api/v1/objects', { 'content-type': 'not a type' })).status, 400)
  assert.equal((await ask('PUT', '/api/v1/objects?directory=1', { 'content-type': 'text/plain' })).status, 400)
})

test('unknown routes and methods are refused with what is allowed', async () => {
  assert.equal((await ask('GET', '/api/v1/nothing')).status, 404)
  assert.equal((await ask('GET', '/')).status, 404)
  const deleted = await ask('DELETE', `/api/v1/objects/${await stored(Buffer.from('x'))}`)
  assert.equal(deleted.status, 405)
  assert.equal(deleted.headers.allow, 'GET, HEAD')
})

test('without the token there is nothing but healthz', async () => {
  const alive = await ask('GET', '/healthz', { authorization: '' })
  assert.deepEqual([alive.status, json(alive)], [200, { ok: true, home: 'a folder' }])
  for (const authorization of ['', 'Bearer ', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
    const answer = await ask('GET', '/api/v1/status', { authorization })
    assert.equal(answer.status, 401, authorization)
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/)
  }
})

test('a foreign Host or Origin is refused even with the token', async () => {
  const { port } = gateway
  for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port + 1}`, '192.168.1.1']) {
    assert.equal((await ask('GET', '/api/v1/status', { host })).status, 421, host)
  }
  for (const host of ['localhost', `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`, '127.0.0.1']) {
    assert.equal((await ask('GET', '/api/v1/status', { host })).status, 200, host)
  }
  for (const origin of ['https://evil.example', 'null', `http://localhost:${port + 1}`, `https://localhost:${port}`]) {
    assert.equal((await ask('GET', '/api/v1/status', { origin })).status, 403, origin)
  }
  assert.equal((await ask('GET', '/api/v1/status', { origin: `http://localhost:${port}` })).status, 200)
})

test('status and health come as JSON', async () => {
  const status = await ask('GET', '/api/v1/status')
  assert.deepEqual(json(status), { network: 'test' })
  assert.equal(status.headers['cache-control'], 'no-store')
  const health = await ask('GET', `/api/v1/health/${await stored(Buffer.from('four'))}`)
  assert.deepEqual(json<Health>(health), { ...MEMORY_HEALTH, bytes: 4 })
  const tree = await ask('GET', `/api/v1/health/${await storedTree()}`)
  assert.equal(json<Health>(tree).segments, TREE.length)
})

test('a failure before the first byte has its own status, one after it breaks the transfer', async () => {
  const link = await stored(randomBytes(2 * MIB))
  objects.failAt = (offset) => (offset === 0 ? new Failure('unreachable', 'too few') : undefined)
  assert.equal((await ask('GET', `/api/v1/objects/${link}`)).status, 503)
  objects.failAt = (offset) => (offset >= MIB ? new Failure('unreachable', 'too few') : undefined)
  await assert.rejects(ask('GET', `/api/v1/objects/${link}`), /aborted|hang up|ECONNRESET/)
})

test('an upload that breaks off stores nothing', async () => {
  const socket = connect(gateway.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `PUT /api/v1/objects HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\ncontent-length: 100\r\n\r\nhalf`,
  )
  const signal = await firstSignal()
  socket.destroy()
  await aborted(signal)
  assert.equal((signal.reason as Failure).code, 'aborted')
})

test('an upload refused early is answered before its end, and the refusal arrives', async () => {
  objects.failCall = () => new Failure('no-space', 'the disk is full')
  const answer = await ask('PUT', '/api/v1/objects', {}, randomBytes(8 * MIB))
  assert.equal(answer.status, 507)
})

test('progress comes as lines, the last of which is the outcome', async () => {
  const accept = { accept: 'application/x-ndjson' }
  const put = await ask('PUT', '/api/v1/objects', accept, randomBytes(MIB))
  const last = lines(put.body).at(-1) as PutSummary & { type: string }
  assert.equal(put.status, 200)
  assert.equal(last.type, 'summary')
  assert.equal((await ask('GET', `/api/v1/objects/${last.link}`)).body.length, MIB)
  objects.failCall = () => new Failure('unreachable', 'nobody is there')
  const failed = await ask('PUT', '/api/v1/objects', accept, randomBytes(10))
  const { title: _, ...problem } = lines(failed.body).at(-1) as Problem
  assert.deepEqual(problem, { type: 'error', status: 503, code: 'unreachable', detail: 'nobody is there', details: {} })
})

test('a deadline ends the work and says so', async () => {
  const socketBody = await started('PUT', '/api/v1/objects?timeout=20ms')
  const answer = await socketBody.answer
  assert.equal(answer.status, 504)
  assert.equal(json<Problem>(answer).code, 'timed-out')
})

test('a client that leaves ends the work it asked for', async () => {
  const link = await stored(randomBytes(20 * MIB))
  const response = await opened(`/api/v1/objects/${link}`)
  const signal = present(objects.signals.at(-1), 'the signal of the open')
  assert.equal(signal.aborted, false)
  response.destroy()
  await aborted(signal)
})

test('a stop lets what is under way finish and then refuses connections', async () => {
  const content = randomBytes(20 * MIB)
  const link = await stored(content)
  const response = await opened(`/api/v1/objects/${link}`)
  const stopped = gateway.stop()
  let bytes = 0
  for await (const piece of response) bytes += (piece as Buffer).length
  assert.equal(bytes, content.length)
  await stopped
  await assert.rejects(ask('GET', '/healthz'), /ECONNREFUSED/)
})

test('a hurried stop breaks off what is under way', async () => {
  const response = await opened(`/api/v1/objects/${await stored(randomBytes(20 * MIB))}`)
  const broken = once(response, 'error')
  response.resume()
  await gateway.stop(AbortSignal.abort())
  await broken
})

test('a taken port is refused with what to do', async () => {
  const second = Gateway.start({ ...doorOf(objects), port: gateway.port })
  await assert.rejects(second, (error) => error instanceof Failure && error.message.includes('choose another port'))
})

test('a tree goes in and out as an archive, identical', async () => {
  const link = await storedTree()
  const got = await ask('GET', `/api/v1/objects/${link}`, { accept: 'application/x-tar' })
  assert.equal(got.headers['content-type'], 'application/x-tar')
  assert.deepEqual(await treeIn(got.body), TREE.map(plain))
})

test('a subtree comes as an archive named from there', async () => {
  const got = await ask('GET', `/api/v1/objects/${await storedTree()}/photos`, { accept: 'application/x-tar' })
  const paths = (await treeIn(got.body)).map(({ entry }) => entry.path)
  assert.deepEqual(paths, ['a b.png', 'latest'])
})

test('directories and objects are listed as JSON', async () => {
  const link = await storedTree()
  const root = await ask('GET', `/api/v1/objects/${link}`)
  const pathsOf = (answer: Answer): readonly string[] => json<Listing>(answer).entries.map(({ path }) => path)
  assert.deepEqual(pathsOf(root), ['photos', 'note.txt'])
  const tar = { accept: 'application/x-tar' }
  assert.deepEqual(pathsOf(await ask('GET', `/api/v1/objects/${link}/photos?list`, tar)), [
    'photos/a b.png',
    'photos/latest',
  ])
  const file = await ask('GET', `/api/v1/objects/${link}/note.txt?list`)
  assert.deepEqual(json<Listing>(file).entries, [TREE[2]?.entry])
  const single = await ask('GET', `/api/v1/objects/${await stored(Buffer.from('12345'))}?list`)
  assert.equal(json<Listing>(single).entries[0]?.size, 5)
})

test('a file in a directory is served like an object, by its escaped path', async () => {
  const link = await storedTree()
  const got = await ask('GET', `/api/v1/objects/${link}/photos/a%20b.png`, { range: 'bytes=1-2' })
  assert.equal(got.status, 206)
  assert.equal(got.body.toString(), 'NG')
  assert.equal(got.headers['content-disposition'], "inline; filename*=UTF-8''a%20b.png")
  assert.equal((await ask('GET', `/api/v1/objects/${link}/photos/none`)).status, 404)
  assert.equal((await ask('GET', `/api/v1/objects/${link}/photos/latest`)).status, 400)
  assert.equal((await ask('GET', `/api/v1/objects/${await stored(Buffer.from('x'))}/a`)).status, 404)
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const TREE = [
  tree('photos', { kind: 'directory', mode: 0o700 }),
  tree('photos/a b.png', { type: 'image/png', modifiedUs: 1_790_000_000_123_456 }, 'PNG!'),
  tree('note.txt', { type: 'text/plain', mode: 0o600 }, 'remember'),
  tree('photos/latest', { kind: 'symlink', mode: 0o777, target: 'a b.png' }),
]

function tree(path: string, attributes: Partial<TreeEntry>, text = ''): { entry: TreeEntry; text: string } {
  const entry: TreeEntry = {
    path,
    kind: 'file',
    mode: 0o644,
    modifiedUs: 5,
    size: text.length,
    type: '',
    target: '',
    ...attributes,
  }
  return { entry, text }
}

function plain({ entry, text }: { entry: TreeEntry; text: string }): unknown {
  return { entry, text }
}

async function storedTree(): Promise<string> {
  const source = async function* (): AsyncGenerator<TreeSource> {
    for (const { entry, text } of TREE) yield { entry, content: bytes(Buffer.from(text)) }
  }
  const archive: Uint8Array[] = []
  for await (const piece of tarOf(source())) archive.push(piece)
  const type = { 'content-type': 'application/x-tar' }
  const put = await ask('PUT', '/api/v1/objects?directory=1', type, Buffer.concat(archive))
  assert.equal(json<PutSummary>(put).entries, TREE.length)
  return json<PutSummary>(put).link
}

async function treeIn(archive: Buffer): Promise<readonly { entry: TreeEntry; text: string }[]> {
  const found: { entry: TreeEntry; text: string }[] = []
  for await (const { entry, content } of treeOf(bytes(archive))) {
    let text = ''
    for await (const piece of content) text += Buffer.from(piece).toString()
    found.push({ entry, text })
  }
  return found
}

async function* bytes(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

async function stored(content: Buffer): Promise<string> {
  return json<PutSummary>(await ask('PUT', '/api/v1/objects', {}, content)).link
}

async function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: Buffer,
): Promise<Answer> {
  const request = httpRequest(optionsFor(method, path, headers))
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  // After an early answer the rest of the upload finds nobody.
  request.on('error', () => undefined)
  return whole(response)
}

/** A request whose body is begun and never ended. */
async function started(method: string, path: string): Promise<{ readonly answer: Promise<Answer> }> {
  const request = httpRequest(optionsFor(method, path, {}))
  request.on('error', () => undefined)
  request.write('begun')
  const answer = once(request, 'response').then(([response]) => whole(response as IncomingMessage))
  return { answer }
}

/** A response of which nothing has been read. */
async function opened(path: string): Promise<IncomingMessage> {
  const request = httpRequest(optionsFor('GET', path, {}))
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  return response
}

function optionsFor(method: string, path: string, headers: Readonly<Record<string, string>>): RequestOptions {
  const authorization = `Bearer ${TOKEN}`
  return { agent: false, host: '127.0.0.1', port: gateway.port, method, path, headers: { authorization, ...headers } }
}

async function whole(response: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }
}

async function firstSignal(): Promise<AbortSignal> {
  for (;;) {
    const [signal] = objects.signals
    if (signal !== undefined) return signal
    await new Promise(setImmediate)
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

function json<T>(answer: Answer): T {
  return JSON.parse(answer.body.toString()) as T
}

function lines(body: Buffer): readonly unknown[] {
  return body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}
