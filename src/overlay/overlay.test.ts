/** Overlays in the world: every region is the true one, again after crashes, restarts and partitions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { compareDistance, ID_BYTES, parseId, type NodeId, type Point } from '../base/id.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import { inertCoder } from '../sim/inertCoder.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../sim/machine.ts'
import { Noticeboard } from '../sim/noticeboard.ts'
import { World } from '../sim/world.ts'
import type { Messages } from '../wire/messages.ts'
import { PeerNetwork } from '../wire/peerNetwork.ts'
import { REGION_SIZE } from './limits.ts'
import { Overlay } from './overlay.ts'

interface OverlayProcess extends SimProcess {
  readonly overlay: Overlay
}

interface OverlayWorldOptions {
  readonly nodes: number
  /** How requests travel. */
  readonly by: 'frames' | 'objects'
  readonly seed?: number
  /** Whom a node joins through; by default the one with half its number. */
  readonly bootstrap?: (node: number) => readonly number[]
  /** Nodes can meet outside the network. */
  readonly noticeboard?: Noticeboard
}

interface SeenRegion {
  readonly got: readonly NodeId[]
  readonly silent: readonly NodeId[]
  readonly want: readonly NodeId[]
}

class OverlayWorld {
  readonly world: World<OverlayProcess, Messages>
  private readonly options: OverlayWorldOptions
  /** Nodes join through nobody from now on. */
  forgetsBootstrap = false

  constructor(options: OverlayWorldOptions) {
    this.options = options
    const { nodes, seed = 1 } = options
    const primitives = new KeyedPrimitives(new NodePrimitives())
    const spawn = (ports: NodePorts<Messages>, node: number): Promise<OverlayProcess> => this.spawn(ports, node)
    this.world = new World<OverlayProcess, Messages>({
      seed,
      nodes,
      spawnEveryMs: 50,
      primitives,
      coder: inertCoder,
      spawn,
    })
  }

  overlay(node: number): Overlay {
    return present(this.world.process(node), `a process of node ${node}`).overlay
  }

  /** Nodes whose process runs. */
  live(): readonly number[] {
    return this.every().filter((node) => this.world.isUp(node))
  }

  every(): readonly number[] {
    return Array.from({ length: this.world.nodeCount }, (_, node) => node)
  }

  /** Until every node has joined, and then `ms` more. */
  async joined(ms: number): Promise<void> {
    await this.world.runUntil(() => this.every().every((node) => this.world.process(node) !== undefined), {
      limitMs: 2 * MINUTE,
    })
    await this.world.run(ms)
  }

  randomPoint(): Point {
    return present(parseId<Point>(this.world.random.bytes(ID_BYTES)), 'an id of 32 bytes')
  }

  /** What the regions around the points look like to each of `nodes`, beside what they are. */
  async regions(points: readonly Point[], nodes = this.live()): Promise<readonly SeenRegion[]> {
    const { world } = this
    const ids = this.live().map((node) => world.contact(node).id)
    const wanted = points.map((point) => nearest(point, ids))
    const asked = Promise.all(nodes.map((node) => this.overlay(node).regions(points)))
    const regions = present(await world.runUntil(asked, { limitMs: 10 * MINUTE }), 'the regions')
    return regions.flatMap((each) =>
      each.map(({ members, silent }, at) => ({
        got: idsOf(members).slice(0, REGION_SIZE),
        silent: idsOf(silent),
        want: wanted[at]!,
      })),
    )
  }

  /** Random points look right to up to 30 nodes. */
  async assertTrueRegions(nodes = this.live()): Promise<void> {
    const some = nodes.filter((_, at) => at % Math.ceil(nodes.length / 30) === 0)
    const points = Array.from({ length: 3 }, () => this.randomPoint())
    const regions = await this.regions(points, some)
    const wrong = regions.filter(({ got, want }) => got.join() !== want.join())
    assert.equal(wrong.length, 0, `${wrong.length} of ${regions.length} regions are wrong`)
  }

  private async spawn(ports: NodePorts<Messages>, node: number): Promise<OverlayProcess> {
    const network = this.networkOf(ports)
    const rendezvous = this.options.noticeboard?.for(ports.clock, ports.random)
    const overlay = new Overlay({ ...ports, network, ...(rendezvous === undefined ? {} : { rendezvous }) })
    overlay.serve()
    await network.start({
      onPeer: (peer) => overlay.onPeer(peer),
      onPeerLost: (id) => overlay.onPeerLost(id),
    })
    const { bootstrap = (newcomer) => (newcomer === 0 ? [] : [newcomer >> 1]) } = this.options
    await overlay.join(this.forgetsBootstrap ? [] : bootstrap(node).map((each) => this.world.contact(each)))
    overlay.start()
    return {
      overlay,
      stop: async () => {
        await overlay.stop()
        await network.close()
      },
    }
  }

  private networkOf({ clock, transport, signer, network }: NodePorts<Messages>): Network<Messages> {
    if (this.options.by === 'objects') return network
    return new PeerNetwork({ clock, transport, id: signer.id, networkName: 'test' })
  }
}

function idsOf(contacts: readonly Contact[]): NodeId[] {
  return contacts.map(({ id }) => id)
}

function nearest(point: Point, ids: readonly NodeId[]): NodeId[] {
  return [...ids].sort((a, b) => compareDistance(point, a, b)).slice(0, REGION_SIZE)
}

for (const [nodes, by] of [
  [24, 'frames'],
  [60, 'frames'],
  [300, 'objects'],
] as const) {
  test(`${nodes} nodes that joined over ${by} agree on every region, and still after a third of them crashed`, async () => {
    const overlays = new OverlayWorld({ nodes, by })
    await overlays.joined(30 * SECOND)
    await overlays.assertTrueRegions()
    for (const node of overlays.every()) if (node % 3 === 1) overlays.world.crash(node)
    await overlays.world.run(30 * SECOND)
    await overlays.assertTrueRegions()
  })
}

test('nodes that vanish without a word are noticed within a minute', async () => {
  const overlays = new OverlayWorld({ nodes: 24, by: 'frames' })
  await overlays.joined(MINUTE)
  const gone = overlays.every().filter((node) => node % 3 === 1)
  for (const node of gone) overlays.world.crash(node, 'vanish')
  await overlays.world.run(MINUTE)
  await overlays.assertTrueRegions()
  for (const node of overlays.live()) {
    assert.deepEqual([overlays.overlay(node).departureCount, overlays.overlay(node).networkSize()], [gone.length, 16])
  }
})

test('the departed are named as silent near the points where they were, for an hour', async () => {
  const overlays = new OverlayWorld({ nodes: 8, by: 'objects' })
  await overlays.joined(MINUTE)
  const { world } = overlays
  world.crash(5)
  await world.run(30 * SECOND)
  const { id } = world.contact(5)
  for (const { got, silent } of await overlays.regions([id])) {
    assert.deepEqual(silent, [id])
    assert.ok(!got.includes(id))
  }
  await world.run(61 * MINUTE)
  assert.ok((await overlays.regions([id])).every(({ silent }) => silent.length === 0))
})

test('a node that leaves is gone for all at once, and a node that returns is back', async () => {
  const overlays = new OverlayWorld({ nodes: 24, by: 'frames' })
  await overlays.joined(MINUTE)
  const { world } = overlays
  await world.runUntil(world.stop(5), { limitMs: MINUTE })
  await world.run(5 * SECOND)
  await overlays.assertTrueRegions()
  world.restart(5, { disk: 'kept' })
  await world.run(5 * SECOND)
  await overlays.assertTrueRegions()
})

test('a node that restarts with its disk finds the network again by the peers it remembers alone', async () => {
  const overlays = new OverlayWorld({ nodes: 60, by: 'objects' })
  await overlays.joined(6 * MINUTE)
  const { world } = overlays
  overlays.forgetsBootstrap = true
  const away = [0, 20, 40]
  for (const node of away) world.crash(node)
  await world.run(10 * MINUTE)
  for (const node of away) world.restart(node, { disk: 'kept' })
  await world.run(30 * SECOND)
  await overlays.assertTrueRegions(away)
})

test('a node that found nobody to join goes on trying', async () => {
  const overlays = new OverlayWorld({ nodes: 3, by: 'frames', bootstrap: (node) => (node === 2 ? [1] : []) })
  const { world } = overlays
  await overlays.joined(0)
  world.crash(1)
  world.crash(2)
  world.restart(2, { disk: 'lost' })
  await world.run(MINUTE)
  assert.equal(overlays.overlay(2).contactCount, 0)
  world.restart(1, { disk: 'kept' })
  await world.run(MINUTE)
  assert.equal(overlays.overlay(2).contactCount, 1)
})

test('the first node, which nobody told of the others, knows them all soon', async () => {
  const overlays = new OverlayWorld({ nodes: 60, by: 'objects', bootstrap: (node) => [[], [0]][node] ?? [1] })
  await overlays.joined(6 * MINUTE)
  await overlays.assertTrueRegions([0])
})

test('two halves that were apart for three hours, long after they took each other for gone, become one again', async () => {
  const overlays = new OverlayWorld({ nodes: 30, by: 'objects' })
  await overlays.joined(MINUTE)
  const mend = overlays.world.cut(
    overlays.every().filter((node) => node % 2 === 0),
    overlays.every().filter((node) => node % 2 === 1),
  )
  await overlays.world.run(180 * MINUTE)
  mend()
  await overlays.world.run(5 * MINUTE)
  await overlays.assertTrueRegions()
})

for (const [nodes, by] of [
  [24, 'frames'],
  [60, 'objects'],
] as const) {
  test(`two halves of ${nodes} nodes that were apart for ten minutes become one again within two`, async () => {
    const overlays = new OverlayWorld({ nodes, by })
    await overlays.joined(MINUTE)
    const even = overlays.every().filter((node) => node % 2 === 0)
    const odd = overlays.every().filter((node) => node % 2 === 1)
    const mend = overlays.world.cut(even, odd)
    await overlays.world.run(10 * MINUTE)
    const known = overlays.overlay(0).contacts().length
    assert.ok(known < even.length, `node 0 still counts ${known} contacts as alive`)
    mend()
    await overlays.world.run(2 * MINUTE)
    await overlays.assertTrueRegions()
  })
}

test('a network that was off altogether and returns at other addresses meets at the rendezvous and is one again', async () => {
  const overlays = new OverlayWorld({ nodes: 40, by: 'objects', noticeboard: new Noticeboard() })
  await overlays.joined(MINUTE)
  const { world } = overlays
  overlays.forgetsBootstrap = true
  for (const node of overlays.every()) world.crash(node, 'vanish')
  await world.run(2 * 60 * MINUTE)
  for (const node of overlays.every()) {
    world.move(node, `172.16.${node}.1`)
    world.restart(node, { disk: 'kept' })
  }
  await world.run(10 * MINUTE)
  await overlays.assertTrueRegions()
})

test('a node that is silent once and answers then has not departed', async () => {
  const overlays = new OverlayWorld({ nodes: 24, by: 'objects' })
  await overlays.joined(6 * MINUTE)
  const { world } = overlays
  const before = overlays.overlay(0).departureCount
  // Longer than a ping may take, shorter than two.
  const mend = world.cut(
    [0],
    overlays.every().filter((node) => node > 0),
  )
  await world.run(2 * SECOND)
  mend()
  await world.run(30 * SECOND)
  assert.equal(overlays.overlay(0).departureCount, before)
  await overlays.assertTrueRegions()
})

test('a caller that gives up a search harms no node’s name', async () => {
  const overlays = new OverlayWorld({ nodes: 60, by: 'objects' })
  await overlays.joined(MINUTE)
  const overlay = overlays.overlay(3)
  const before = [overlay.contactCount, overlay.departureCount]
  const controller = new AbortController()
  const points = Array.from({ length: 16 }, (_, at) => parseId<Point>(new Uint8Array(32).fill(16 * at))!)
  const search = overlay.regions(points, { signal: controller.signal })
  const givenUp = assert.rejects(search, (error) => isFailure(error, 'timed-out'))
  await overlays.world.run(20)
  controller.abort(new Failure('timed-out', 'the reader waited long enough'))
  await givenUp
  await overlays.world.run(10 * SECOND)
  assert.deepEqual([overlay.contactCount, overlay.departureCount], before)
})

test('every node counts itself among the nearest of the regions in which others see it', async () => {
  const overlays = new OverlayWorld({ nodes: 60, by: 'objects' })
  await overlays.joined(6 * MINUTE)
  const point = overlays.randomPoint()
  const region = nearest(
    point,
    overlays.live().map((node) => overlays.world.contact(node).id),
  )
  for (const node of overlays.live()) {
    const isMember = region.includes(overlays.world.contact(node).id)
    if (isMember) assert.ok(overlays.overlay(node).isAmongNearest(point, REGION_SIZE))
    else assert.ok(!overlays.overlay(node).isAmongNearest(point, 1))
  }
})

test('the same seed gives the same network, event for event', async () => {
  const digests = []
  for (const seed of [7, 7, 8]) {
    const overlays = new OverlayWorld({ nodes: 24, by: 'frames', seed })
    await overlays.joined(2 * MINUTE)
    digests.push(overlays.world.digest())
  }
  assert.equal(digests[0], digests[1])
  assert.notEqual(digests[0], digests[2])
})
