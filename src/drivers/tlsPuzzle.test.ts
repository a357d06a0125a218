/** Where ids cost a puzzle, the TLS transport passes the same suite, and a key that does not solve it gets no connection. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { deferred } from '../base/signals.ts'
import { grindSeed, solvedId, type IdPuzzle, type PuzzledNetwork } from '../crypto/idPuzzle.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import type { Connection } from '../ports/connection.ts'
import type { Argon2idInput, MemoryHard } from '../ports/memoryHard.ts'
import { transportSuite } from '../testing/suites/transport.ts'
import { identityFromSeed, type NodeIdentity } from './nodeIdentity.ts'
import { NodeMemoryHard } from './nodeMemoryHard.ts'
import { NodePrimitives } from './nodePrimitives.ts'
import { StrangerBudget } from './strangerBudget.ts'
import { TlsTransport } from './tlsTransport.ts'

const primitives = new NodePrimitives()
const puzzle: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 2 }
const puzzled: PuzzledNetwork = { network: 'test', puzzle, memoryHard: new NodeMemoryHard() }
const { signal } = new AbortController()

const drawSeed = (): Bytes => new Uint8Array(randomBytes(32))

async function identity(network = puzzled): Promise<NodeIdentity> {
  const { seed, id } = await grindSeed(primitives, network, drawSeed)
  return identityFromSeed(primitives, seed, id)
}

/** A key that does not count, under the id it has without a puzzle or, if given, under another. */
async function unsolvedIdentity(id?: NodeId): Promise<NodeIdentity> {
  for (;;) {
    const made = identityFromSeed(primitives, drawSeed(), id)
    if ((await solvedId(primitives, puzzled, made.publicKey)) === undefined) return made
  }
}

transportSuite('tls with a puzzle', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  const allIds: NodeIds[] = []
  return {
    create: async () => {
      const self = await identity()
      const ids = new NodeIds(primitives, puzzled)
      allIds.push(ids)
      const transport = new TlsTransport({ identity: self, primitives, ids, host: '127.0.0.1', port: 0 })
      return { id: self.id, transport }
    },
    deadAddress: `tls://127.0.0.1:${String(port)}`,
    settle: (promise) => promise,
    dispose: async () => {
      await Promise.all(allIds.map((ids) => ids.close()))
    },
  }
})

/** Counts the runs of the puzzle, and holds them back until released. */
class WatchedRuns implements MemoryHard {
  count = 0
  release: () => void = () => undefined
  private gate: Promise<void> = Promise.resolve()

  hold(): void {
    const held = deferred<void>()
    this.gate = held.promise
    this.release = () => held.resolve()
  }

  async argon2id(input: Argon2idInput): Promise<Bytes> {
    this.count++
    await this.gate
    return puzzled.memoryHard.argon2id(input)
  }
}

/** A listening node whose runs are watched, and what became of those who came. */
async function listener(options: { strangers?: StrangerBudget } = {}) {
  const runs = new WatchedRuns()
  const ids = new NodeIds(primitives, { ...puzzled, memoryHard: runs })
  const self = await identity()
  const turnedAway: string[] = []
  const accepted: Connection[] = []
  const changed = { tell: () => undefined as void }
  const transport = new TlsTransport({
    identity: self,
    primitives,
    ids,
    host: '127.0.0.1',
    port: 0,
    ...options,
    onTurnedAway: (_, reason) => {
      turnedAway.push(reason)
      changed.tell()
    },
  })
  await transport.listen((connection) => {
    accepted.push(connection)
    changed.tell()
  })
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (changed.tell = resolve))
  }
  const close = async (): Promise<void> => {
    await transport.close()
    await ids.close()
  }
  const contact = { id: self.id, addresses: transport.addresses }
  return { runs, transport, contact, turnedAway, accepted, until, [Symbol.asyncDispose]: close }
}

/** A node that does not listen, by default of the same network; `free` has no puzzle. */
async function dialler(self: NodeIdentity, network: PuzzledNetwork | 'free' = puzzled) {
  const ids = network === 'free' ? new NodeIds(primitives) : new NodeIds(primitives, network)
  const transport = new TlsTransport({ identity: self, primitives, ids, host: '127.0.0.1', port: 0 })
  const close = async (): Promise<void> => {
    await transport.close()
    await ids.close()
  }
  return { transport, [Symbol.asyncDispose]: close }
}

void test('a peer whose key does not solve the puzzle is turned away, whatever id it goes by, and hears of it at once', async () => {
  await using node = await listener()
  for (const self of [await unsolvedIdentity(), await unsolvedIdentity((await identity()).id)]) {
    await using stranger = await dialler(self)
    const connection = await stranger.transport.dial(node.contact, 'control', signal)
    await new Promise((resolve) => (connection.onClose = resolve))
  }
  assert.deepEqual(node.accepted, [])
  for (const reason of node.turnedAway) assert.match(reason, /does not solve this network's puzzle.*64KiB,1,2/)
  assert.equal(node.turnedAway.length, 2)
})

void test('a peer that was turned away once is turned away again without another run', async () => {
  await using node = await listener()
  const self = await unsolvedIdentity()
  for (let at = 1; at <= 3; at++) {
    await using stranger = await dialler(self)
    const connection = await stranger.transport.dial(node.contact, 'control', signal)
    await new Promise((resolve) => (connection.onClose = resolve))
    await node.until(() => node.turnedAway.length === at)
  }
  assert.equal(node.runs.count, 1)
})

void test('a dial to a node whose key does not solve the puzzle is refused, and so is one to a node under another id', async () => {
  await using node = await dialler(await identity())
  const unsolved = await unsolvedIdentity()
  await using cheap = await dialler(unsolved, 'free')
  await cheap.transport.listen(() => undefined)
  const cheapContact = { id: unsolved.id, addresses: cheap.transport.addresses }
  await assert.rejects(
    node.transport.dial(cheapContact, 'control', signal),
    (error) => isFailure(error, 'refused') && error.message.includes("does not solve this network's puzzle"),
  )
  await using good = await listener()
  const wrongContact = { id: unsolved.id, addresses: good.transport.addresses }
  await assert.rejects(
    node.transport.dial(wrongContact, 'control', signal),
    (error) => isFailure(error, 'refused') && error.message.includes(`is node ${good.contact.id}`),
  )
})

void test('nodes of networks with different puzzles refuse each other and name the puzzle', async () => {
  await using node = await listener()
  const others: readonly (PuzzledNetwork | 'free')[] = [
    'free',
    { ...puzzled, network: 'other' },
    { ...puzzled, puzzle: { ...puzzle, passes: 2 } },
    { ...puzzled, puzzle: { ...puzzle, memoryKib: 72 } },
  ]
  for (const network of others) {
    const self = network === 'free' ? identityFromSeed(primitives, drawSeed()) : await identity(network)
    await using other = await dialler(self, network)
    await assert.rejects(
      other.transport.dial(node.contact, 'control', signal),
      (error) => isFailure(error, 'refused') && /its puzzle for ids \(here: (none|\d+KiB,\d,2)\)/.test(error.message),
    )
  }
})

void test('a peer is handed up only after its check, with what it has sent meanwhile', async () => {
  await using node = await listener()
  await using peer = await dialler(await identity())
  node.runs.hold()
  const connection = await peer.transport.dial(node.contact, 'control', signal)
  connection.send([new Uint8Array([1, 2, 3])])
  while (node.runs.count === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(node.accepted.length, 0)
  node.runs.release()
  await node.until(() => node.accepted.length === 1)
  const accepted = present(node.accepted[0], 'the connection')
  const frame = await new Promise<Uint8Array>((resolve) => {
    accepted.onFrame = resolve
  })
  assert.deepEqual([...frame], [1, 2, 3])
  const second = await peer.transport.dial(node.contact, 'bulk', signal)
  await node.until(() => node.accepted.length === 2)
  assert.equal(node.runs.count, 1)
  second.close('done')
})

void test('a peer that leaves during its check, and a transport that closes during one, leave nothing behind', async () => {
  const node = await listener()
  node.runs.hold()
  {
    await using peer = await dialler(await identity())
    await peer.transport.dial(node.contact, 'control', signal)
    while (node.runs.count === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await using second = await dialler(await identity())
  const connection = await second.transport.dial(node.contact, 'control', signal)
  const gone = new Promise((resolve) => (connection.onClose = resolve))
  const closing = node.transport.close()
  node.runs.release()
  await closing
  await node[Symbol.asyncDispose]()
  await gone
  assert.deepEqual(node.accepted, [])
})

void test('strangers beyond the minute’s share are closed, peers that are known come in', async () => {
  await using node = await listener({ strangers: new StrangerBudget({ perMinute: 1 }) })
  await using known = await dialler(await identity())
  await known.transport.dial(node.contact, 'control', signal)
  await node.until(() => node.accepted.length === 1)
  await using late = await dialler(await identity())
  const connection = await late.transport.dial(node.contact, 'control', signal)
  await new Promise((resolve) => (connection.onClose = resolve))
  assert.match(node.turnedAway[0] ?? '', /too many new keys/)
  await known.transport.dial(node.contact, 'bulk', signal)
  await node.until(() => node.accepted.length === 2)
  assert.equal(node.runs.count, 1)
})

void test('several connections of one stranger are one check, of one share', async () => {
  await using node = await listener({ strangers: new StrangerBudget({ perMinute: 1 }) })
  await using peer = await dialler(await identity())
  node.runs.hold()
  for (const channel of ['control', 'bulk'] as const) await peer.transport.dial(node.contact, channel, signal)
  while (node.runs.count === 0) await new Promise((resolve) => setImmediate(resolve))
  node.runs.release()
  await node.until(() => node.accepted.length === 2)
  assert.deepEqual([node.runs.count, node.turnedAway], [1, []])
})

void test('a dial given up during the check rejects at once', async () => {
  await using node = await listener()
  const runs = new WatchedRuns()
  runs.hold()
  await using peer = await dialler(await identity(), { ...puzzled, memoryHard: runs })
  const controller = new AbortController()
  const dial = peer.transport.dial(node.contact, 'control', controller.signal)
  while (runs.count === 0) await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await assert.rejects(dial, (error) => isFailure(error, 'aborted'))
  runs.release()
})
