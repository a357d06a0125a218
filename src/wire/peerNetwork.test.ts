/** PeerNetwork passes the suites, over the world's frames and over real sockets, and keeps its queues short. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { KIB, MIB, MINUTE } from '../base/units.ts'
import { printPuzzle, type IdPuzzle } from '../crypto/idPuzzle.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Connection, Transport } from '../ports/connection.ts'
import { bareWorld } from '../sim/bareWorld.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import { simulatedFrames, tlsSockets } from '../testing/networkRigs.ts'
import { hostilePeerSuite } from '../testing/suites/hostilePeer.ts'
import { networkSuite } from '../testing/suites/network.ts'
import { PeerNetwork } from './peerNetwork.ts'

networkSuite('simulated frames', simulatedFrames)
hostilePeerSuite('simulated frames', simulatedFrames)

networkSuite('tls', tlsSockets)
hostilePeerSuite('tls', tlsSockets)

const NOBODY = { onPeer: () => undefined, onPeerLost: () => undefined }
const STRIPE = 'ab'.repeat(32) as StripeId

/** Two started networks whose uplinks take a second for 100 KiB; `queued` is the most that ever waited on one connection. */
async function slowPair() {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const link = { delayMs: [10, 10], uplinkBytesPerSecond: () => 100 * KIB } as const
  const world = bareWorld({ seed: 1, nodes: 2, primitives, link })
  await world.run(1)
  const queued = { bytesMax: 0 }
  const networks = [0, 1].map((node) => {
    const { clock, transport, signer } = world.process(node)!.ports
    return new PeerNetwork({ clock, transport: watched(transport, queued), id: signer.id, networkName: 'test' })
  })
  const [a, b] = [networks[0]!, networks[1]!]
  await world.runUntil(Promise.all([a.start(NOBODY), b.start(NOBODY)]), { limitMs: MINUTE })
  return { world, a, b, queued }
}

/** A request between two nodes whose networks have these puzzles for ids, both of which the ids solve. */
async function askedUnder(puzzles: readonly (IdPuzzle | undefined)[]): Promise<unknown> {
  const world = bareWorld({ seed: 1, nodes: 2, primitives: new KeyedPrimitives(new NodePrimitives()) })
  await world.run(1)
  const networks = puzzles.map((puzzle, node) => {
    const { clock, transport, signer } = world.process(node)!.ports
    return new PeerNetwork({ clock, transport, id: signer.id, networkName: 'test', puzzle })
  })
  const [a, b] = [networks[0]!, networks[1]!]
  await world.runUntil(Promise.all([a.start(NOBODY), b.start(NOBODY)]), { limitMs: MINUTE })
  b.serve('ping', () => ({}))
  return world.runUntil(a.request(b.self, 'ping', {}, { timeoutMs: MINUTE }), { limitMs: 2 * MINUTE })
}

/** The transport, whose connections note how much is queued after each frame. */
function watched(transport: Transport, queued: { bytesMax: number }): Transport {
  const watch = (connection: Connection): Connection => {
    const send = connection.send.bind(connection)
    connection.send = (chunks) => {
      send(chunks)
      queued.bytesMax = Math.max(queued.bytesMax, connection.queuedBytes)
    }
    return connection
  }
  return {
    get addresses() {
      return transport.addresses
    },
    listen: (onConnection) => transport.listen((connection) => onConnection(watch(connection))),
    dial: async (peer, channel, signal) => watch(await transport.dial(peer, channel, signal)),
    close: () => transport.close(),
  }
}

test('however many large requests and replies are due, no more than one waits in a connection’s queue', async () => {
  const { world, a, b, queued } = await slowPair()
  const body = [new Uint8Array(MIB)]
  b.serve('fetch', () => ({ header: undefined, fragments: [], body }))
  b.serve('store', () => ({ expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }))
  const options = { timeoutMs: 100 * MINUTE }
  const offer = { header: new Uint8Array(40), region: 0, fragments: [], leaseMs: 1, owner: undefined, body }
  const calls = Array.from({ length: 20 }, () => [
    a.request(b.self, 'fetch', { stripe: STRIPE, indices: new Uint8Array(0) }, options),
    a.request(b.self, 'store', offer, options),
  ])
  await world.runUntil(Promise.all(calls.flat()), { limitMs: 100 * MINUTE })
  assert.ok(queued.bytesMax > 0 && queued.bytesMax < 1.5 * MIB, `${queued.bytesMax} bytes`)
})

test('nodes whose ids cost the same speak with each other, others are refused and told both puzzles', async () => {
  const puzzle: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 2 }
  assert.deepEqual(await askedUnder([puzzle, { ...puzzle }]), {})
  for (const other of [undefined, { ...puzzle, difficultyBits: 3 }, { ...puzzle, passes: 2 }]) {
    await assert.rejects(askedUnder([puzzle, other]), (error) => {
      const says = isFailure(error, 'refused') ? error.message : ''
      return says.includes(`another puzzle for ids (${printPuzzle(other)}) than this node's (64KiB,1,2)`)
    })
  }
})

test('a request given up while it waits for its turn is never sent, and the next one takes it', async () => {
  const { world, a, b } = await slowPair()
  let stored = 0
  b.serve('store', () => {
    stored++
    return { expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }
  })
  const offer = {
    header: new Uint8Array(40),
    region: 0,
    fragments: [],
    leaseMs: 1,
    owner: undefined,
    body: [new Uint8Array(MIB)],
  }
  const controller = new AbortController()
  const options = { timeoutMs: 10 * MINUTE }
  const first = a.request(b.self, 'store', offer, options)
  const second = a.request(b.self, 'store', offer, { ...options, signal: controller.signal })
  const third = a.request(b.self, 'store', offer, options)
  const givenUp = assert.rejects(second, (error) => isFailure(error, 'aborted'))
  await world.run(1000)
  controller.abort()
  await givenUp
  await world.runUntil(Promise.all([first, third]), { limitMs: 10 * MINUTE })
  assert.equal(stored, 2)
})

test('a handler’s defect is told to the peer as a refusal without its words', async () => {
  const { world, a, b } = await slowPair()
  b.serve('ping', () => {
    throw new TypeError('the key is 1234')
  })
  const request = a.request(b.self, 'ping', {}, { timeoutMs: MINUTE })
  await assert.rejects(
    world.runUntil(request, { limitMs: MINUTE }),
    (error) => isFailure(error, 'refused') && !error.message.includes('1234'),
  )
})

test('peers count as connected while a connection with them stands', async () => {
  const { world, a, b } = await slowPair()
  b.serve('ping', () => ({}))
  const counts = (): number[] => [a.connectedCount, b.connectedCount]
  const request = a.request(b.self, 'ping', {}, { timeoutMs: MINUTE })
  assert.deepEqual(counts(), [0, 0])
  await world.runUntil(request, { limitMs: MINUTE })
  assert.deepEqual(counts(), [1, 1])
  await world.run(30 * MINUTE)
  assert.deepEqual(counts(), [0, 0])
})
