/** A testnet of real processes, driven by the commands as a user would: it serves, survives kills, tells lies apart, and ends. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import type { RuntimeNode } from '../src/daemon/home.ts'
import { NODE_FLAGS } from '../src/daemon/tuning.ts'
import type { NodeStatus } from '../src/node/status.ts'
import type { Health } from '../src/storage/objects.ts'
import { startTestnet, type TestnetExit } from '../src/testing/testnet.ts'

const MAINFRAME = join(import.meta.dirname, '..', 'bin', 'mainframe.js')
const MIB = 1024 * 1024
const DEADLINE_MS = 120_000

interface Ready {
  readonly type: 'ready'
  readonly api: string
  readonly home: string
  readonly nodes: readonly RuntimeNode[]
}

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mainframe-testnet-'))
})

after(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('eight processes serve the commands, lose three and end without a trace', { timeout: DEADLINE_MS }, async () => {
  const dir = join(folder, 'eight')
  const testnet = await started(['--nodes', '8', '--processes', '--dir', dir, '--port', '0'])
  const { nodes, api, home } = testnet.ready
  assert.deepEqual([home, api, nodes.length], [dir, nodes[0]?.api, 8])
  assert.equal(new Set(nodes.map(({ pid }) => pid)).size, 8)
  assert.equal(new Set(nodes.map(({ listen }) => new URL(listen.replace('tls:', 'http:')).hostname)).size, 8)

  const content = randomBytes(6 * MIB)
  await writeFile(join(folder, 'file'), content)
  const link = (await run(dir, ['put', join(folder, 'file')])).stdout.toString().trim()
  const other = ['--node', nodes[5]?.api ?? '']
  assert.deepEqual((await run(dir, ['get', link, ...other])).stdout, content)
  const range = await run(dir, ['get', link, '--range', '-1000', ...other])
  assert.deepEqual(range.stdout, content.subarray(-1000))

  await mkdir(join(folder, 'tree', 'sub'), { recursive: true })
  await writeFile(join(folder, 'tree', 'sub', 'note.txt'), 'remember')
  const tree = (await run(dir, ['put', join(folder, 'tree')])).stdout.toString().trim()
  assert.equal((await run(dir, ['ls', tree, ...other])).stdout.toString(), 'sub/\n')
  assert.equal((await run(dir, ['get', `${tree}/sub/note.txt`, ...other])).stdout.toString(), 'remember')

  const health = json<Health>(await run(dir, ['health', link, '--json', ...other]))
  assert.deepEqual([health.bytes, health.state, health.alive > health.needed], [content.length, 'healthy', true])
  const status = json<NodeStatus & { testnet: { nodes: RuntimeNode[] } }>(
    await run(dir, ['status', '--json', ...other]),
  )
  assert.equal(status.id, nodes[5]?.id)
  assert.deepEqual(status.testnet.nodes, nodes)

  const victims = nodes.slice(1, 4)
  for (const { pid } of victims) process.kill(pid, 'SIGKILL')
  const exits = await testnet.lines<TestnetExit>(victims.length)
  assert.deepEqual(exits.map(({ index }) => index).sort(), [1, 2, 3])
  assert.deepEqual((await run(dir, ['get', link, '--node', nodes[6]?.api ?? ''])).stdout, content)

  testnet.child.kill('SIGTERM')
  assert.equal(await testnet.ended, 0)
  for (const { pid } of nodes) assert.equal(isRunning(pid), false)
  assert.deepEqual((await readdir(dir)).sort(), ['nodes', 'token'])
  assert.equal((await run(dir, ['status'])).code, 8)
})

test(
  'a testnet that is killed takes its nodes with it, and starts again with what they keep',
  { timeout: DEADLINE_MS },
  async () => {
    const dir = join(folder, 'again')
    const first = await started(['--nodes', '4', '--processes', '--dir', dir, '--port', '0'])
    const link = (await run(dir, ['put', '-'], 'kept over a restart')).stdout.toString().trim()
    first.child.kill('SIGKILL')
    await first.ended
    for (const { pid } of first.ready.nodes) await gone(pid)
    const second = await started(['--nodes', '4', '--processes', '--dir', dir, '--port', '0'])
    const ids = (ready: Ready): readonly string[] => ready.nodes.map(({ id }) => id)
    assert.deepEqual(ids(second.ready), ids(first.ready))
    assert.equal((await run(dir, ['get', link])).stdout.toString(), 'kept over a restart')
    assert.equal((await run(dir, ['down'])).code, 0)
    assert.equal(await second.ended, 0)
  },
)

test(
  'a taken port and a home in use each end the start with one error and nothing left',
  { timeout: DEADLINE_MS },
  async () => {
    const dir = join(folder, 'taken')
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as { port: number }
    const taken = await run(dir, [
      'testnet',
      '--nodes',
      '3',
      '--processes',
      '--dir',
      dir,
      '--port',
      String(port),
      '--json',
    ])
    blocker.close()
    assert.deepEqual([taken.code, taken.stdout.length], [1, 0])
    assert.equal((JSON.parse(taken.stderr) as { code: string }).code, 'refused')
    assert.deepEqual((await readdir(dir)).sort(), ['nodes', 'token'])

    const running = await startTestnet({ nodes: 1, dir })
    const second = await run(dir, ['testnet', '--nodes', '1', '--dir', dir, '--port', '0'])
    const up = await run(dir, ['up', '--dir', dir, '--port', '0'])
    assert.deepEqual([second.code, up.code], [11, 11])
    await running.stop()
  },
)

test('a liar is never believed, and is counted', { timeout: DEADLINE_MS }, async () => {
  await using testnet = disposable(await startTestnet({ nodes: 6, dir: join(folder, 'liars'), liars: 1 }))
  const { api, token, nodes } = testnet
  const content = randomBytes(2 * MIB)
  const headers = { authorization: `Bearer ${token}` }
  const put = await fetch(`${api}/api/v1/objects`, { method: 'PUT', body: content, headers })
  const { link } = (await put.json()) as { link: string }
  const reader = nodes[2]?.api ?? ''
  const got = await fetch(`${reader}/api/v1/objects/${link}`, { headers })
  assert.deepEqual(Buffer.from(await got.arrayBuffer()), content)
  const status = (await (await fetch(`${reader}/api/v1/status`, { headers })).json()) as NodeStatus
  assert.deepEqual(
    status.reads.liars.map(({ id }) => id),
    [nodes[5]?.id],
  )
})

test('a node that was killed comes back as itself', { timeout: DEADLINE_MS }, async () => {
  await using testnet = disposable(await startTestnet({ nodes: 3, dir: join(folder, 'back'), processes: true }))
  const [, node] = testnet.nodes
  assert.ok(node !== undefined)
  const { id, pid } = node
  await node.kill()
  assert.equal(node.isRunning, false)
  await node.restart()
  assert.equal(node.id, id)
  assert.notEqual(node.pid, pid)
})

test(
  'up runs one node, which another joins, and ends on SIGTERM without a trace',
  { timeout: DEADLINE_MS },
  async () => {
    const [one, other] = [join(folder, 'one'), join(folder, 'other')]
    const first = await startedCommand(['up', '--dir', one, '--port', '0', '--json'])
    const { contact } = first.ready as unknown as { contact: string }
    const second = await startedCommand([
      'up',
      '--dir',
      other,
      '--port',
      '0',
      '--json',
      '--join',
      contact,
      '--quota',
      '1GiB',
    ])
    const status = json<NodeStatus>(await run(other, ['status', '--json']))
    assert.deepEqual([status.overlay.contacts, status.storage.quotaBytes], [1, 1024 * MIB])
    // In the process that was started, anew: it has the flags, and its parent still has its end.
    if (process.platform === 'linux') {
      const commandLine = await readFile(`/proc/${String(first.child.pid)}/cmdline`, 'utf8')
      for (const flag of NODE_FLAGS) assert.ok(commandLine.split('\0').includes(flag), commandLine)
    }
    for (const { child } of [second, first]) child.kill('SIGTERM')
    assert.deepEqual([await first.ended, await second.ended], [0, 0])
    assert.deepEqual((await readdir(one)).sort(), ['fragments', 'identity.key', 'node.log', 'state', 'token'])
    assert.doesNotMatch(await readFile(join(one, 'node.log'), 'utf8'), /mf:|[Bb]earer/)
  },
)

interface Started {
  readonly child: ChildProcessByStdio<null, Readable, null>
  readonly ready: Ready
  /** The exit code. */
  readonly ended: Promise<number | null>
  /** The next lines after the first. */
  lines<T>(count: number): Promise<readonly T[]>
}

function started(flags: readonly string[]): Promise<Started> {
  return startedCommand(['testnet', '--json', ...flags])
}

async function startedCommand(args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [MAINFRAME, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const line = await lines.next()
    assert.ok(line.done !== true, `${args.join(' ')} ended early`)
    return JSON.parse(line.value) as unknown
  }
  const ready = (await next()) as Ready
  assert.equal(ready.type, 'ready')
  return {
    child,
    ready,
    ended,
    lines: async <T>(count: number) => {
      const found: T[] = []
      while (found.length < count) found.push((await next()) as T)
      return found
    },
  }
}

interface Outcome {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

async function run(home: string, args: readonly string[], stdin = ''): Promise<Outcome> {
  const env = { ...process.env, MAINFRAME_HOME: home }
  const child = spawn(process.execPath, [MAINFRAME, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(stdin)
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout), stderr }
}

function json<T>({ stdout, stderr }: Outcome): T {
  assert.equal(stderr, '')
  return JSON.parse(stdout.toString()) as T
}

function disposable<T extends { stop(): Promise<void> }>(testnet: T): T & AsyncDisposable {
  return Object.assign(Object.create(testnet) as T, { [Symbol.asyncDispose]: () => testnet.stop() })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Settles when the process has ended; the test's own deadline ends the wait. */
async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}
