/** PeerNetwork keeps within its bounds: connections, dials, and what is read from peers whose requests are refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { KIB, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { PeerEvents } from '../ports/network.ts'
import { bareWorld } from '../sim/bareWorld.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import { USUAL_BOUNDS, type ConnectionBounds } from './connectionCounts.ts'
import { CROWDED_IDLE_MS, DIAL_WAIT_MS_MAX, REFUSED_BYTES_PER_S } from './limits.ts'
import { PeerNetwork } from './peerNetwork.ts'

const OPTIONS = { timeoutMs: MINUTE }

/** Started networks that answer pings. Node 0 has the bounds and knows the contacts, all others have the usual ones. */
async function rig(nodes: number, bounds: Partial<ConnectionBounds>, contacts: readonly number[] = []) {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const world = bareWorld({ seed: 1, nodes, primitives, link: { delayMs: [10, 10] } })
  await world.run(1)
  const lost: NodeId[] = []
  const contactIds = contacts.map((node) => world.contact(node).id)
  const networks = Array.from({ length: nodes }, (_, node) => {
    const { clock, transport, signer } = world.process(node)!.ports
    const own = node === 0 ? { ...USUAL_BOUNDS, ...bounds } : USUAL_BOUNDS
    return new PeerNetwork({ clock, transport, id: signer.id, networkName: 'test', bounds: own })
  })
  const events: PeerEvents = {
    onPeer: () => undefined,
    onPeerLost: (id) => lost.push(id),
    isContact: (id) => contactIds.includes(id),
  }
  for (const network of networks) network.serve('ping', () => ({}))
  await world.runUntil(Promise.all(networks.map((network) => network.start(events))), { limitMs: MINUTE })
  const [home] = networks
  const ping = (from: number, to: number): Promise<unknown> =>
    world.runUntil(networks[from]!.request(networks[to]!.self, 'ping', {}, OPTIONS), { limitMs: 2 * MINUTE })
  const failsWith = (promise: Promise<unknown>, code: FailureCode): Promise<void> =>
    assert.rejects(promise, (error) => isFailure(error, code))
  return { world, networks, home: home!, ping, failsWith, lost }
}

test('a dial beyond the bound closes the idle connection unused for longest, and nobody counts as lost', async () => {
  const { world, networks, home, ping, lost } = await rig(6, { connectionsMax: 3 })
  for (const peer of [1, 2, 3]) {
    await ping(0, peer)
    await world.run(SECOND)
  }
  await ping(0, 1)
  await ping(0, 4)
  await world.run(SECOND)
  assert.deepEqual([home.connections.open, home.connections.displaced], [3, 1])
  assert.deepEqual(
    networks.slice(1).map((network) => network.connectedCount),
    [1, 0, 1, 1, 0],
  )
  await ping(0, 2)
  assert.deepEqual(lost, [])
})

test('a dial is refused as busy while every connection is in use, and made once one is free', async () => {
  const { world, networks, home, ping, failsWith } = await rig(3, { connectionsMax: 1 })
  let answer: (reply: object) => void = () => undefined
  networks[1]!.serve('ping', () => new Promise((resolve) => (answer = resolve)))
  const held = home.request(networks[1]!.self, 'ping', {}, OPTIONS)
  await world.run(SECOND)
  await failsWith(ping(0, 2), 'busy')
  assert.equal(home.connections.dialsRefused, 1)
  answer({})
  await world.runUntil(held, { limitMs: MINUTE })
  await ping(0, 2)
})

test('strangers who dial in beyond their share are told that there is no room, and a contact is let in all the same', async () => {
  const { world, home, ping, failsWith, lost } = await rig(7, { connectionsMax: 4 }, [6])
  for (const peer of [1, 2, 3]) await ping(peer, 0)
  await failsWith(ping(4, 0), 'busy')
  await ping(0, 5)
  await ping(6, 0)
  await world.run(SECOND)
  assert.deepEqual([home.connections.open, home.connections.declined], [4, 1])
  assert.deepEqual(lost, [])
})

test('a stranger takes the place of one who has said nothing for a while, and never that of a contact', async () => {
  const { world, home, ping, networks } = await rig(8, { connectionsMax: 4 }, [1, 2])
  for (const peer of [1, 2, 3, 4]) await ping(peer, 0)
  await world.run(2 * CROWDED_IDLE_MS)
  await ping(5, 0)
  await ping(6, 0)
  await world.run(SECOND)
  assert.equal(home.connections.open, 4)
  assert.deepEqual(
    networks.slice(1).map((network) => network.connectedCount),
    [1, 1, 0, 0, 1, 1, 0],
  )
})

test('dials beyond those allowed wait a moment or are refused as busy, and none hangs', async () => {
  const { world, networks, home } = await rig(30, { dialsAtOnceMax: 5, dialsPerMinuteMax: 300 })
  const startedMs = world.clock.now()
  const outcomes: { readonly code: string; readonly afterMs: number }[] = []
  for (const network of networks.slice(1)) {
    const settled = (code: string): void => void outcomes.push({ code, afterMs: world.clock.now() - startedMs })
    home.request(network.self, 'ping', {}, OPTIONS).then(
      () => settled('done'),
      (error: unknown) => settled(isFailure(error) ? error.code : 'bug'),
    )
  }
  await world.run(2 * DIAL_WAIT_MS_MAX)
  const count = (code: string): number => outcomes.filter((outcome) => outcome.code === code).length
  assert.deepEqual([count('done'), count('busy')], [10, 19])
  assert.equal(home.connections.dialsRefused, 19)
  await world.run(MINUTE)
  await world.runUntil(home.request(networks[29]!.self, 'ping', {}, OPTIONS), { limitMs: MINUTE })
})

/** Has node 1 send stores that node 0 refuses, one after the other, over as many connections as it gets, for so long. */
async function besieged(durationMs: number) {
  const { world, networks, home, ping } = await rig(3, {})
  let refused = 0
  home.serve('store', () => {
    refused++
    throw new Failure('busy', 'this node takes no more')
  })
  const body = [new Uint8Array(512 * KIB)]
  const offer = { header: new Uint8Array(40), region: 0, fragments: [], leaseMs: 1, owner: undefined, body }
  let isOver = false
  const siege = async (): Promise<void> => {
    while (!isOver) await networks[1]!.request(home.self, 'store', offer, OPTIONS).catch(() => undefined)
  }
  const sieges = Array.from({ length: 8 }, siege)
  const endMs = world.clock.now() + durationMs
  let slowestMs = 0
  while (world.clock.now() < endMs) {
    const askedMs = world.clock.now()
    await ping(2, 0)
    slowestMs = Math.max(slowestMs, world.clock.now() - askedMs)
    await world.run(100)
  }
  isOver = true
  await world.runUntil(Promise.all(sieges), { limitMs: MINUTE })
  return { refused, slowestMs, world, home, networks, ping }
}

test('a peer whose bodies are refused is read no faster than refused bytes may come, and others are answered as ever', async () => {
  const durationMs = 20 * SECOND
  const { refused, slowestMs } = await besieged(durationMs)
  const allowed = (REFUSED_BYTES_PER_S / (512 * KIB)) * (durationMs / SECOND)
  assert.ok(refused > 0 && refused <= 1.2 * allowed + 8, `${refused} of ${allowed}`)
  assert.ok(slowestMs < 100, `${slowestMs} ms`)
})

test('a peer that was held back is heard as ever once it has paid', async () => {
  const { world, home, networks, ping } = await besieged(2 * SECOND)
  await world.run(10 * SECOND)
  home.serve('store', () => ({ expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }))
  const body = [new Uint8Array(512 * KIB)]
  const offer = { header: new Uint8Array(40), region: 0, fragments: [], leaseMs: 1, owner: undefined, body }
  const askedMs = world.clock.now()
  for (let nth = 0; nth < 20; nth++) {
    await world.runUntil(networks[1]!.request(home.self, 'store', offer, OPTIONS), { limitMs: MINUTE })
  }
  await ping(1, 0)
  assert.ok(world.clock.now() - askedMs < 2 * SECOND)
})
