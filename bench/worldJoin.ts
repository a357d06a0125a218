/**
 * A network that comes into being in the simulated world: so many nodes join within minutes, each through a random one that was
 * there before, settle, and are asked something of which the right answer is known.
 */
import { present } from '../src/base/assert.ts'
import { ID_BYTES, parseId, type Point } from '../src/base/id.ts'
import { MINUTE, SECOND } from '../src/base/units.ts'
import { InlineCoder } from '../src/coding/inlineCoder.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { Node } from '../src/node/node.ts'
import { Overlay } from '../src/overlay/overlay.ts'
import type { Contact } from '../src/ports/connection.ts'
import { IdOrder } from '../src/sim/idOrder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { World } from '../src/sim/world.ts'
import type { Messages } from '../src/wire/messages.ts'

/** All nodes start within this time, however many they are. */
const SPAWNING_MS = 200 * SECOND
const SETTLE_MS = 2 * MINUTE
const REPORT_EVERY_MS = 20 * SECOND
const LOOKUPS = 500
const OBJECTS = 50
const OBJECT_BYTES = 1024
const ANSWER_MS_MAX = 10 * MINUTE

type Kind = 'full' | 'overlay'

/** Prints what the join costs, and how many of the answers are right. */
export async function measureJoin(kind: Kind, nodes: number): Promise<void> {
  if (kind === 'overlay') await measured(nodes, startOverlay, lookUp)
  else await measured(nodes, startNode, putAndRead)
}

type Start<P> = (ports: NodePorts<Messages>, bootstrap: readonly Contact[]) => Promise<P>
type JoinedWorld<P extends SimProcess> = World<P, Messages>

async function measured<P extends SimProcess>(
  nodes: number,
  start: Start<P>,
  judge: (world: JoinedWorld<P>) => Promise<string>,
): Promise<void> {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const world: JoinedWorld<P> = new World<P, Messages>({
    seed: 1,
    nodes,
    spawnEveryMs: SPAWNING_MS / nodes,
    primitives,
    coder: new InlineCoder(primitives),
    spawn: (ports, node) => start(ports, node === 0 ? [] : [world.contact(world.random.integer(node))]),
  })
  report('made', world)
  while (world.clock.elapsedMs < SPAWNING_MS + SETTLE_MS) {
    await world.run(REPORT_EVERY_MS)
    report('joining', world)
  }
  console.log(`${nodes} nodes joined and settled: ${cost(world)}`)
  console.log(`  ${await judge(world)}`)
  console.log(`  with the answers: ${cost(world)}`)
  console.log(`  digest ${world.digest()}`)
}

function report<P extends SimProcess>(what: string, world: JoinedWorld<P>): void {
  console.error(`${what}: ${cost(world)}`)
}

function cost<P extends SimProcess>(world: JoinedWorld<P>): string {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6
  const { eventCount, nodeCount } = world
  return [
    `${(world.clock.elapsedMs / SECOND).toFixed(0)} virtual s`,
    `${(performance.now() / SECOND).toFixed(1)} s`,
    `${cpuSeconds.toFixed(1)} s of processor time`,
    `${eventCount} events (${Math.round(eventCount / cpuSeconds)}/s)`,
    `at most ${Math.round(maxRSS / 1024)} MiB (${(maxRSS / nodeCount).toFixed(0)} KiB a node)`,
  ].join(', ')
}

async function startNode(ports: NodePorts<Messages>, bootstrap: readonly Contact[]): Promise<Node> {
  const { signer } = ports
  return Node.start(ports, { signer, networkName: 'bench', version: '0', survive: 0.5, bootstrap })
}

async function putAndRead(world: JoinedWorld<Node>): Promise<string> {
  const outcomes = await world.runUntil(Promise.all(times(OBJECTS, () => isReadBack(world))), {
    limitMs: ANSWER_MS_MAX,
  })
  return `${present(outcomes, 'outcomes').filter(Boolean).length} of ${OBJECTS} objects read back by other nodes`
}

async function isReadBack(world: JoinedWorld<Node>): Promise<boolean> {
  const content = world.random.bytes(OBJECT_BYTES)
  const { capability } = await randomProcess(world).objects.put(once(content))
  const object = await randomProcess(world).objects.open(capability)
  const read: number[] = []
  for await (const chunk of object.stream({})) read.push(...chunk)
  return read.length === content.length && read.every((byte, at) => byte === content[at])
}

interface Member extends SimProcess {
  readonly overlay: Overlay
}

async function startOverlay(ports: NodePorts<Messages>, bootstrap: readonly Contact[]): Promise<Member> {
  const { network } = ports
  const overlay = new Overlay(ports)
  overlay.serve()
  await network.start({ onPeer: (peer) => overlay.onPeer(peer), onPeerLost: (id) => overlay.onPeerLost(id) })
  await overlay.join(bootstrap)
  overlay.start()
  return { overlay, stop: () => overlay.stop() }
}

async function lookUp(world: JoinedWorld<Member>): Promise<string> {
  const truth = new IdOrder(times(world.nodeCount, (node) => world.contact(node)))
  const shares = await world.runUntil(Promise.all(times(LOOKUPS, () => shareFound(world, truth))), {
    limitMs: ANSWER_MS_MAX,
  })
  const nearestFound = present(shares, 'outcomes')
  const mean = nearestFound.reduce((sum, { share }) => sum + share, 0) / LOOKUPS
  const right = nearestFound.filter(({ nearest }) => nearest).length
  return `${right} of ${LOOKUPS} lookups found the nearest node; of the 20 nearest ${(100 * mean).toFixed(2)} %`
}

/** Of a random point's region as a random node finds it: whether the nearest node is in it, and the share of the 20 nearest. */
async function shareFound(world: JoinedWorld<Member>, truth: IdOrder): Promise<{ nearest: boolean; share: number }> {
  const point: Point = present(parseId(world.random.bytes(ID_BYTES)), 'a point has 32 bytes')
  const [region] = await randomProcess(world).overlay.regions([point])
  const members = new Set(region?.members.map(({ id }) => id))
  const wanted = truth.nearest(point, 20).map(({ id }) => members.has(id))
  return { nearest: wanted[0] === true, share: wanted.filter(Boolean).length / wanted.length }
}

function randomProcess<P extends SimProcess>(world: JoinedWorld<P>): P {
  return present(world.process(world.random.integer(world.nodeCount)), 'every node has joined')
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function times<T>(count: number, make: (nth: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, nth) => make(nth))
}
