/** The commands as users run them, each in a process of its own, against an API in this one with objects in memory. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Failure, type FailureCode } from '../base/failure.ts'
import { ensureToken, tokenFileOf, writeRuntime } from '../daemon/home.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { Gateway } from '../gateway/gateway.ts'
import type { NodeStatus } from '../node/status.ts'
import { MemoryDirectories, MemoryObjects } from '../testing/memoryObjects.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const MIB = 1024 * 1024

let home: string
let objects: MemoryObjects
let gateway: Gateway

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mainframe-cli-'))
  objects = new MemoryObjects()
  gateway = await Gateway.start({
    objects,
    directories: new MemoryDirectories(objects),
    primitives: new NodePrimitives(),
    status: () => STATUS,
    home,
    token: await ensureToken(tokenFileOf(home)),
    port: 0,
  })
  await writeRuntime(home, { api: gateway.url, pid: process.pid, tokenFile: tokenFileOf(home) })
})

afterEach(async () => {
  await gateway.stop(AbortSignal.abort())
  await rm(home, { recursive: true, force: true })
})

test('put prints the link and nothing else, get brings the bytes back', async () => {
  const content = randomBytes(5 * MIB)
  await writeFile(join(home, 'a.png'), content)
  const put = await run(['put', join(home, 'a.png'), '--survive', '0.3'])
  assert.deepEqual([put.code, put.stderr], [0, ''])
  assert.match(put.stdout.toString(), /^mf:[a-z2-7]+\n$/)
  assert.deepEqual([objects.puts[0]?.survive, objects.puts[0]?.type], [0.3, 'image/png'])
  const link = put.stdout.toString().trim()
  assert.deepEqual((await run(['get', link])).stdout, content)
  const got = await run(['get', link, '-o', join(home, 'b')])
  assert.deepEqual([got.code, got.stdout.length], [0, 0])
  assert.deepEqual(await readFile(join(home, 'b')), content)
  const range = await run(['get', link, '--range', '1000000-2999999'])
  assert.deepEqual(range.stdout, content.subarray(1_000_000, 3_000_000))
})

test('put takes stdin, and says in JSON what was kept', async () => {
  const put = await run(['put', '-', '--json', '--type', 'text/plain'], { stdin: 'from a pipe' })
  const { link, seconds, ...rest } = JSON.parse(put.stdout.toString()) as Record<string, unknown>
  assert.deepEqual(rest, { bytes: 11, segments: 1, fragments: { needed: 4, total: 33, placed: 33 } })
  assert.deepEqual([typeof link, typeof seconds, put.stderr], ['string', 'number', ''])
})

test('a folder goes in and comes out, is listed, and its files are got one by one', async () => {
  const folder = join(home, 'in')
  await mkdir(join(folder, 'sub'), { recursive: true })
  await writeFile(join(folder, 'sub', 'a b.txt'), 'words')
  const put = await run(['put', folder, '--json'])
  const { link, entries } = JSON.parse(put.stdout.toString()) as { link: string; entries: number }
  assert.equal(entries, 2)
  assert.equal((await run(['get', link, '-o', join(home, 'out')])).code, 0)
  assert.equal(await readFile(join(home, 'out', 'sub', 'a b.txt'), 'utf8'), 'words')
  assert.equal((await run(['get', `${link}/sub/a b.txt`])).stdout.toString(), 'words')
  assert.equal((await run(['ls', link])).stdout.toString(), 'sub/\n')
  assert.match((await run(['ls', `${link}/sub`, '-l'])).stdout.toString(), /^-rw.* 5 \d{4}-\d\d-\d\d .* a b\.txt\n$/)
  const listing = JSON.parse((await run(['ls', link, '--json'])).stdout.toString()) as { entries: { path: string }[] }
  assert.deepEqual(
    listing.entries.map(({ path }) => path),
    ['sub'],
  )
  const again = await run(['get', link, '-o', join(home, 'out')])
  assert.equal(again.code, 6)
})

test('what is left out of a folder is told and makes the outcome partial', async () => {
  const folder = join(home, 'in')
  await mkdir(folder)
  const socket = createServer().listen(join(folder, 'socket'))
  await once(socket, 'listening')
  const put = await run(['put', folder])
  assert.equal(put.code, 3)
  assert.match(put.stdout.toString(), /^mf:/)
  assert.match(put.stderr, /left out socket/)
  socket.close()
})

test('each failure has its exit code and says its code, in words and in JSON', async () => {
  const link = await stored('x')
  const codes: Partial<Record<FailureCode, number>> = {
    'not-found': 4,
    unreachable: 5,
    busy: 5,
    refused: 7,
    'no-space': 9,
    damaged: 10,
    'timed-out': 124,
    storage: 1,
  }
  for (const [code, exit] of Object.entries(codes)) {
    objects.failCall = () => new Failure(code as FailureCode, 'what happened', { details: { asked: 20 } })
    const outcome = await run(['get', link, '--json'])
    assert.equal(outcome.code, exit, code)
    assert.deepEqual(JSON.parse(outcome.stderr), {
      type: 'error',
      code,
      message: 'what happened',
      details: { asked: 20 },
    })
  }
  const words = await run(['health', link])
  assert.equal(words.stderr, 'error: what happened [storage]\n  asked: 20\n')
})

test('wrong usage ends with 2 and a suggestion, before any node is asked', async () => {
  for (const args of [
    ['put'],
    ['get', 'mf:abc'],
    ['nothing'],
    ['get', 'x', '--range', '9-1'],
    ['put', '-', '--survive', '2'],
    ['up', '--puzzle', 'hard'],
  ]) {
    assert.equal((await run(args, { home: join(home, 'none') })).code, 2, args.join(' '))
  }
  assert.match((await run(['staus'])).stderr, /Did you mean status/)
  const json = JSON.parse((await run(['status', '--josn', '--json'])).stderr) as { code: string }
  assert.equal(json.code, 'usage')
})

test('without a running node the exit code is 8 and the message says how to start one', async () => {
  const nowhere = await run(['status'], { home: join(home, 'none') })
  assert.equal(nowhere.code, 8)
  assert.match(nowhere.stderr, /mainframe up/)
  await gateway.stop(AbortSignal.abort())
  assert.equal((await run(['status'])).code, 8)
})

test('the token of a node of another home is found by asking the node for its home', async () => {
  const elsewhere = { home: join(home, 'none') }
  assert.equal((await run(['status', '--node', gateway.url], elsewhere)).code, 0)
  assert.equal((await run(['status'], { ...elsewhere, env: { MAINFRAME_URL: gateway.url } })).code, 0)
})

test('a node is not believed about a home that does not know it', async () => {
  await writeRuntime(home, { api: 'http://127.0.0.1:1', pid: process.pid, tokenFile: tokenFileOf(home) })
  const outcome = await run(['status', '--node', gateway.url, '--json'], { home: join(home, 'none') })
  assert.equal(outcome.code, 7)
  assert.equal((JSON.parse(outcome.stderr) as { code: string }).code, 'no-token')
})

test('a wrong token is a matter of permission, and so is one that others may read', async () => {
  await writeFile(join(home, 'other'), `${'A'.repeat(43)}\n`, { mode: 0o600 })
  assert.equal((await run(['status'], { env: { MAINFRAME_TOKEN_FILE: join(home, 'other') } })).code, 7)
  await writeFile(join(home, 'open'), `${'A'.repeat(43)}\n`, { mode: 0o644 })
  assert.equal((await run(['status'], { env: { MAINFRAME_TOKEN_FILE: join(home, 'open') } })).code, 7)
})

test('the token goes to no other machine', async () => {
  for (const url of ['http://example.org:7333', 'https://localhost:7333', 'http://127.0.0.1.example.org', 'nonsense']) {
    assert.equal((await run(['status', '--node', url])).code, 2, url)
  }
  assert.equal((await run(['status'], { env: { MAINFRAME_URL: gateway.url } })).code, 0)
})

test('a get that fails or breaks off leaves no file', async () => {
  const link = await stored(randomBytes(3 * MIB))
  await mkdir(join(home, 'out'))
  for (const failFrom of [0, 2 * MIB]) {
    objects.failAt = (offset) => (offset >= failFrom ? new Failure('unreachable', 'too few fragments') : undefined)
    const got = await run(['get', link, '-o', join(home, 'out', 'file')])
    assert.equal(got.code, 5)
    assert.match(got.stderr, /too few fragments/)
    assert.deepEqual(await readdir(join(home, 'out')), [])
  }
})

test('a transfer that breaks off once goes on where it broke', async () => {
  const content = randomBytes(3 * MIB)
  const link = await stored(content)
  let failures = 1
  objects.failAt = (offset) => (offset >= MIB && failures-- > 0 ? new Failure('unreachable', 'a moment') : undefined)
  const got = await run(['get', link, '-o', join(home, 'file')])
  assert.deepEqual([got.code, got.stderr], [0, ''])
  assert.deepEqual(await readFile(join(home, 'file')), content)
})

test('a signal ends a transfer with its exit code and without a trace', async () => {
  const link = await stored(randomBytes(MIB))
  await mkdir(join(home, 'out'))
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const asked = nextOpen()
    const child = start(['get', link, '-o', join(home, 'out', 'file')])
    const outcome = outcomeOf(child)
    await asked
    child.kill(signal)
    assert.equal((await outcome).code, code)
    assert.deepEqual(await readdir(join(home, 'out')), [])
  }
})

test('a deadline ends a command that nothing answers with 124', async () => {
  const link = await stored('x')
  const asked = nextOpen()
  const outcome = await run(['get', link, '--timeout', '1s', '--json'])
  await asked
  assert.equal(outcome.code, 124)
  assert.equal((JSON.parse(outcome.stderr) as { code: string }).code, 'timed-out')
})

test('a reader that has enough ends get quietly', async () => {
  const child = start(['get', await stored(randomBytes(20 * MIB))])
  const outcome = outcomeOf(child)
  await once(child.stdout, 'readable')
  child.stdout.destroy()
  const { code, stderr } = await outcome
  assert.deepEqual([code, stderr], [0, ''])
})

test('a target that cannot be written is told with the reason', async () => {
  const link = await stored('x')
  const missing = await run(['get', link, '-o', join(home, 'none', 'file')])
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /none/)
  assert.equal((await run(['get', link, '-o', home])).code, 2)
  assert.equal((await run(['put', join(home, 'none')])).code, 2)
})

test('health and status answer in words and in JSON', async () => {
  const link = await stored('four')
  assert.match(
    (await run(['health', link])).stdout.toString(),
    /^healthy: .*\n\[#+\] 33 of 33 fragments alive, 4 needed\n/,
  )
  assert.equal(
    (JSON.parse((await run(['health', link, '--json'])).stdout.toString()) as { aliveMin: number }).aliveMin,
    33,
  )
  assert.match((await run(['status'])).stdout.toString(), /^node {7}aa\n/)
  assert.deepEqual(JSON.parse((await run(['status', '--json'])).stdout.toString()), STATUS)
})

test('help and version end well, on stdout', async () => {
  for (const args of [['--help'], ['help', 'put'], ['put', '--help'], ['--version'], ['version', '--json']]) {
    const { code, stdout, stderr } = await run(args)
    assert.deepEqual([code, stderr], [0, ''], args.join(' '))
    assert.ok(stdout.length > 0)
  }
  const { stdout } = await run(['put', '--help'])
  assert.match(stdout.toString(), /^Examples:/)
})

test('the token file is for its owner alone', async () => {
  assert.equal((await stat(tokenFileOf(home))).mode & 0o777, 0o600)
})

const STATUS: NodeStatus = {
  id: 'aa' as NodeStatus['id'],
  network: 'test',
  version: '0.0.0',
  addresses: ['tls://127.0.0.1:1'],
  uptimeMs: 1,
  survive: 0.5,
  overlay: { contacts: 1, connected: 1, networkSize: 2, departures: 0 },
  storage: { fragments: 0, bytes: 0, damaged: 0, quotaBytes: 7, state: 'ok' },
  repair: { checks: 0, repairs: 0, fragments: 0, bytes: 0, failures: 0 },
  reads: { fragmentsVerified: 0, fragmentsDamaged: 0, liars: [] },
}

interface Outcome {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

interface RunOptions {
  readonly stdin?: string
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
}

function start(args: readonly string[], options: RunOptions = {}): ChildProcessByStdio<Writable, Readable, Readable> {
  const { MAINFRAME_URL: _, MAINFRAME_TOKEN_FILE: __, ...env } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env, MAINFRAME_HOME: options.home ?? home, ...options.env },
  })
  child.stdin.end(options.stdin ?? '')
  return child
}

async function outcomeOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Outcome> {
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout), stderr }
}

function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return outcomeOf(start(args, options))
}

async function stored(content: string | Buffer): Promise<string> {
  const token = await ensureToken(tokenFileOf(home))
  const response = await fetch(`${gateway.url}/api/v1/objects`, {
    method: 'PUT',
    body: new Uint8Array(Buffer.from(content)),
    headers: { authorization: `Bearer ${token}` },
  })
  return ((await response.json()) as { link: string }).link
}

/** Settles when the next open is asked for, which is then never answered. */
function nextOpen(): Promise<void> {
  return new Promise((resolve) => {
    objects.beforeOpen = async (signal) => {
      objects.beforeOpen = async () => undefined
      resolve()
      await once(signal, 'abort')
      throw signal.reason
    }
  })
}
