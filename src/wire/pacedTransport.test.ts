/** A paced transport is a transport as any other, keeps to its bytes a second, deals them out fairly and never keeps control waiting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import type { StripeId } from '../base/id.ts'
import { KIB, MIB, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { bareWorld } from '../sim/bareWorld.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import { transportSuite } from '../testing/suites/transport.ts'
import type { ByteRates } from './connectionCounts.ts'
import { PacedTransport } from './pacedTransport.ts'
import { PeerNetwork } from './peerNetwork.ts'

const NOBODY = { onPeer: () => undefined, onPeerLost: () => undefined }
const LONG = { timeoutMs: 10 * MINUTE }

transportSuite('paced', async () => {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const world = bareWorld({ seed: 1, nodes: 1, primitives, link: { delayMs: [5, 80], jitterMs: 20, loss: 0.05 } })
  let lastSettled: Promise<unknown> = Promise.resolve()
  const settle = <T>(promise: Promise<T>): Promise<T> => {
    const settled = lastSettled.then(() => world.runUntil(promise, { limitMs: 10 * MINUTE })) as Promise<T>
    lastSettled = settled.catch(() => undefined)
    return settled
  }
  const rates = { upBytesPerSecond: 4 * MIB, downBytesPerSecond: 4 * MIB }
  return {
    create: async () => {
      const node = world.add()
      await world.runUntil(() => world.process(node) !== undefined, { limitMs: SECOND })
      const { signer, transport, clock } = present(world.process(node), 'the process of a new node').ports
      return { id: signer.id, transport: new PacedTransport(transport, clock, rates) }
    },
    deadAddress: present(world.contact(0).addresses[0], 'the address of a node that does not listen'),
    settle,
    dispose: async () => {},
  }
})

/** Node 0 has the rates, nodes 1 and 2 none; every node takes stores and gives 512 KiB to whoever fetches. */
async function rig(rates: ByteRates) {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const world = bareWorld({ seed: 1, nodes: 3, primitives, link: { delayMs: [10, 10] } })
  await world.run(1)
  const networks = [0, 1, 2].map((node) => {
    const { clock, transport, signer } = world.process(node)!.ports
    return new PeerNetwork({ clock, transport, id: signer.id, networkName: 'test', ...(node === 0 ? { rates } : {}) })
  })
  const body = [new Uint8Array(512 * KIB)]
  for (const network of networks) {
    network.serve('ping', () => ({}))
    network.serve('store', () => ({ expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }))
    network.serve('fetch', () => ({ header: undefined, fragments: [], body }))
  }
  await world.runUntil(Promise.all(networks.map((network) => network.start(NOBODY))), { limitMs: MINUTE })
  const [home, ...peers] = networks as [PeerNetwork, ...PeerNetwork[]]
  const offer = { header: new Uint8Array(40), region: 0, fragments: [], leaseMs: 1, owner: undefined, body }
  const fetch = { stripe: 'ab'.repeat(32) as StripeId, indices: new Uint8Array(0) }
  /** Until when each of the peers' calls had all settled, and how long the slowest ping to the first of them took meanwhile. */
  const measured = async (call: (peer: PeerNetwork, nth: number) => Promise<unknown>, counts: readonly number[]) => {
    const startedMs = world.clock.now()
    const endedMs: number[] = []
    const lanes = peers.map(async (peer, at) => {
      await Promise.all(Array.from({ length: counts[at] ?? 0 }, (_, nth) => call(peer, nth)))
      endedMs[at] = world.clock.now() - startedMs
    })
    let slowestPingMs = 0
    const all = Promise.all(lanes)
    let isOver = false
    void all.then(() => (isOver = true))
    while (!isOver) {
      const askedMs = world.clock.now()
      await world.runUntil(home.request(peers[0]!.self, 'ping', {}, LONG), { limitMs: MINUTE })
      slowestPingMs = Math.max(slowestPingMs, world.clock.now() - askedMs)
      await world.run(50)
    }
    return { endedMs, slowestPingMs }
  }
  return { home, measured, offer, fetch }
}

const RATE = 2 * MIB

test('what is sent keeps to its rate, in turns to each peer, and a ping waits for none of it', async () => {
  const { home, measured, offer } = await rig({ upBytesPerSecond: RATE })
  const store = (peer: PeerNetwork): Promise<unknown> => home.request(peer.self, 'store', offer, LONG)
  const { endedMs, slowestPingMs } = await measured(store, [40, 10])
  // 50 halves of a megabyte at two megabytes a second.
  assert.ok(endedMs[0]! > 11.5 * SECOND && endedMs[0]! < 13.5 * SECOND, `${endedMs[0]} ms`)
  assert.ok(endedMs[1]! > 4 * SECOND && endedMs[1]! < 6.5 * SECOND, `${endedMs[1]} ms`)
  assert.ok(slowestPingMs < 200, `${slowestPingMs} ms`)
})

test('what is received keeps to its rate, in turns from each peer, and a ping waits for none of it', async () => {
  const { home, measured, offer } = await rig({ downBytesPerSecond: RATE })
  const store = (peer: PeerNetwork): Promise<unknown> => peer.request(home.self, 'store', offer, LONG)
  const { endedMs, slowestPingMs } = await measured(store, [40, 10])
  assert.ok(endedMs[0]! > 11.5 * SECOND && endedMs[0]! < 13.5 * SECOND, `${endedMs[0]} ms`)
  assert.ok(endedMs[1]! > 4 * SECOND && endedMs[1]! < 6.5 * SECOND, `${endedMs[1]} ms`)
  assert.ok(slowestPingMs < 200, `${slowestPingMs} ms`)
})

test('replies keep to the rates as requests do', async () => {
  const { home, measured, fetch } = await rig({ upBytesPerSecond: RATE, downBytesPerSecond: RATE })
  const both = (peer: PeerNetwork, nth: number): Promise<unknown> =>
    nth % 2 === 0 ? home.request(peer.self, 'fetch', fetch, LONG) : peer.request(home.self, 'fetch', fetch, LONG)
  const { endedMs } = await measured(both, [20, 20])
  for (const ended of endedMs) assert.ok(ended > 4.2 * SECOND && ended < 6.5 * SECOND, `${ended} ms`)
})

test('without a rate nothing stands between a network and its transport', async () => {
  const { home, measured, offer } = await rig({})
  const { endedMs } = await measured((peer) => home.request(peer.self, 'store', offer, LONG), [40, 10])
  assert.ok(Math.max(...endedMs) < 2 * SECOND)
})
