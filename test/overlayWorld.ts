/** Small worlds of shipped overlays, watched by checkers after every event, for tests that let anything happen to them. */
import { present } from '../src/base/assert.ts'
import { ID_BYTES, parseId, type Point } from '../src/base/id.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { Overlay } from '../src/overlay/overlay.ts'
import type { Contact } from '../src/ports/connection.ts'
import type { Network } from '../src/ports/network.ts'
import { EveryId } from '../src/sim/checkers/everyId.ts'
import { eventsStayBounded } from '../src/sim/checkers/eventsStayBounded.ts'
import { checkRegion, isTrueRegion, type SeenRegion } from '../src/sim/checkers/regions.ts'
import { RequestsSettle } from '../src/sim/checkers/requestsSettle.ts'
import { soundTables } from '../src/sim/checkers/soundTables.ts'
import { timeMovesForward } from '../src/sim/checkers/timeMovesForward.ts'
import { inertCoder } from '../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { World, type Checker, type WorldOptions } from '../src/sim/world.ts'
import type { Messages } from '../src/wire/messages.ts'
import { PeerNetwork } from '../src/wire/peerNetwork.ts'

export interface OverlayProcess extends SimProcess {
  readonly overlay: Overlay
}

export type OverlayWorldOptions = Omit<WorldOptions<OverlayProcess, Messages>, 'spawn' | 'primitives' | 'coder'> & {
  /** Requests travel as frames over connections, or as objects. */
  readonly by: 'frames' | 'objects'
}

/** In a network of a few dozen nodes; what is cancelled and not yet swept out counts too. */
const PENDING_EVENTS_MAX = 20_000

export class OverlayWorld extends World<OverlayProcess, Messages> {
  /** To be run after every event. */
  readonly checkers: readonly Checker<OverlayWorld>[]
  readonly settling: RequestsSettle
  private readonly everyId: EveryId
  private isFounded = false

  constructor(options: OverlayWorldOptions) {
    const settling = new RequestsSettle()
    const everyId = new EveryId()
    super({
      ...options,
      primitives: new KeyedPrimitives(new NodePrimitives()),
      coder: inertCoder,
      spawn: (ports, node) => {
        everyId.add(ports.signer.id)
        const network = settling.watch(networkOf(ports, options.by), ports.clock, node)
        return startOverlay({ ...ports, network }, this.bootstrapOf(node))
      },
    })
    this.settling = settling
    this.everyId = everyId
    this.checkers = [
      timeMovesForward(),
      eventsStayBounded(PENDING_EVENTS_MAX),
      settling.check,
      soundTables<OverlayWorld>({
        tableOf: (world, node) => world.process(node)?.overlay,
        everyId,
        contactsMax: options.nodes,
      }),
    ]
  }

  /** Nodes that have joined and are up. */
  joined(): readonly number[] {
    return Array.from({ length: this.nodeCount }, (_, node) => node).filter((node) => this.process(node) !== undefined)
  }

  overlay(node: number): Overlay {
    return present(this.process(node), `a process of node ${node}`).overlay
  }

  /** Regions as a node finds them, each of which could be true. */
  async regions(node: number, points: readonly Point[]): Promise<readonly SeenRegion[]> {
    const regions = await this.overlay(node).regions(points)
    for (const region of regions) checkRegion(this, region, this.everyId)
    return regions
  }

  /** Three others, for one may be away and be somebody else when it returns; nobody for the first of all. */
  private bootstrapOf(node: number): readonly Contact[] {
    const isFounder = !this.isFounded
    this.isFounded = true
    if (isFounder) return []
    const others = [node >> 1, node + 1, node + 2].map((other) => other % this.nodeCount)
    return others.filter((other) => other !== node).map((other) => this.contact(other))
  }

  /** Whether it is the region in truth, as of now. */
  isTrue(region: SeenRegion, count: number): boolean {
    return isTrueRegion(this, region, count)
  }
}

/** Points that follow from a number. */
export function pointsOf(seed: number, count: number): readonly Point[] {
  const dice = new SeededRandom(seed)
  return Array.from({ length: count }, () => present(parseId<Point>(dice.bytes(ID_BYTES)), 'an id of 32 bytes'))
}

function networkOf(
  { clock, transport, signer, network }: NodePorts<Messages>,
  by: OverlayWorldOptions['by'],
): Network<Messages> {
  return by === 'objects' ? network : new PeerNetwork({ clock, transport, id: signer.id, networkName: 'world' })
}

async function startOverlay(ports: NodePorts<Messages>, bootstrap: readonly Contact[]): Promise<OverlayProcess> {
  const overlay = new Overlay(ports)
  overlay.serve()
  await ports.network.start({
    onPeer: (peer) => overlay.onPeer(peer),
    onPeerLost: (id) => overlay.onPeerLost(id),
  })
  await overlay.join(bootstrap)
  overlay.start()
  return {
    overlay,
    stop: async () => {
      await overlay.stop()
      await ports.network.close()
    },
  }
}
