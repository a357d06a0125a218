/** Hearsay in the world: true where nobody lies, kept on the way, asked once for all, and no burden for those who answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { compareDistance, ID_BYTES, parseId, type NodeId, type Point } from '../base/id.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Network } from '../ports/network.ts'
import { inertCoder } from '../sim/inertCoder.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../sim/machine.ts'
import { World } from '../sim/world.ts'
import type { Messages } from '../wire/messages.ts'
import { HEARSAY_KEPT_MS, REGION_SIZE } from './limits.ts'
import { Overlay } from './overlay.ts'
import type { Region } from './region.ts'

const NODES = 150

interface Member extends SimProcess {
  readonly overlay: Overlay
  readonly network: Network<Messages>
}

async function joined(): Promise<World<Member, Messages>> {
  const world: World<Member, Messages> = new World<Member, Messages>({
    seed: 4,
    nodes: NODES,
    spawnEveryMs: 50,
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    spawn: async (ports: NodePorts<Messages>, node) => {
      const overlay = new Overlay(ports)
      overlay.serve()
      await ports.network.start({ onPeer: (peer) => overlay.onPeer(peer), onPeerLost: (id) => overlay.onPeerLost(id) })
      await overlay.join(node === 0 ? [] : [world.contact(node >> 1)])
      overlay.start()
      return { overlay, network: ports.network, stop: () => overlay.stop() }
    },
  })
  await world.run(NODES * 50 + MINUTE)
  return world
}

function hear(world: World<Member, Messages>, node: number, point: Point): Promise<Region> {
  const { overlay } = present(world.process(node), `node ${node}`)
  return overlay.regions([point], { hearsay: true }).then(([region]) => present(region, 'a region'))
}

function nearest(world: World<Member, Messages>, point: Point): NodeId[] {
  const ids = Array.from({ length: NODES }, (_, node) => world.contact(node).id)
  return ids.sort((a, b) => compareDistance(point, a, b)).slice(0, REGION_SIZE)
}

function randomPoint(world: World<Member, Messages>): Point {
  return present(parseId<Point>(world.random.bytes(ID_BYTES)), 'a point')
}

test('what a crowd hears of a region is true, and costs the network a fraction of so many lookups', async () => {
  const world = await joined()
  const point = randomPoint(world)
  const before = world.eventCount
  const heard = Array.from({ length: 4 * NODES }, (_, nth) => hear(world, nth % NODES, point))
  const regions = present(await world.runUntil(Promise.all(heard), { limitMs: MINUTE }), 'the regions')
  const want = nearest(world, point)
  for (const { members } of regions)
    assert.deepEqual(
      members.slice(0, REGION_SIZE).map(({ id }) => id),
      want,
    )
  assert.ok(regions.some(({ isHearsay }) => isHearsay))
  const events = world.eventCount - before
  // A lookup asks 20 nodes at the least, and an answer is an event too.
  const ofLookups = 4 * NODES * 2 * REGION_SIZE
  assert.ok(events < ofLookups / 4, `${events} events for ${4 * NODES} wants`)
})

test('hearsay is forgotten after a while, and a dead end on the way is passed by', async () => {
  const world = await joined()
  const point = randomPoint(world)
  await world.runUntil(hear(world, 1, point), { limitMs: MINUTE })
  const gone = nearest(world, point).slice(0, 5)
  for (let node = 0; node < NODES; node++) if (gone.includes(world.contact(node).id)) world.crash(node)
  await world.run(HEARSAY_KEPT_MS + 10 * SECOND)
  const asker = Array.from({ length: NODES }, (_, node) => node).find((node) => world.isUp(node))!
  const region = present(await world.runUntil(hear(world, asker, point), { limitMs: MINUTE }), 'the region')
  assert.ok(region.members.every(({ id }) => !gone.includes(id)))
})

test('a node looks for a bounded number of regions on behalf of others, and says when it is too many', async () => {
  const world = await joined()
  const { network } = present(world.process(7), 'node 7')
  const points = Array.from({ length: 100 }, () => randomPoint(world))
  const asked = points.map((target) =>
    network.request(world.contact(3), 'region', { target, withinMs: 5 * SECOND }, { timeoutMs: 20 * SECOND }).then(
      ({ members }) => members.length > 0,
      (error: unknown) => {
        assert.ok(isFailure(error, 'busy'), String(error))
        return error instanceof Failure && false
      },
    ),
  )
  const outcomes = present(await world.runUntil(Promise.all(asked), { limitMs: MINUTE }), 'the answers')
  const answered = outcomes.filter(Boolean).length
  assert.ok(answered >= 10 && answered < 100, `${answered} of 100 were answered`)
})
