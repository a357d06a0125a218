/**
 * A simulated network of whole nodes with real frames, real crypto and real coding, for tests of what users do: put, read, ask
 * for health, while nodes crash, lie, refuse and are slow. Checkers run after every event.
 */
import { present } from '../base/assert.ts'
import { concat, type Bytes } from '../base/bytes.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import type { Capability } from '../crypto/link.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { Node } from '../node/node.ts'
import type { Coder } from '../ports/coder.ts'
import type { Network } from '../ports/network.ts'
import { AcknowledgedFragments } from '../sim/checkers/acknowledgedFragments.ts'
import { storedFragmentsVerify } from '../sim/checkers/storedFragmentsVerify.ts'
import type { LinkOptions } from '../sim/links.ts'
import type { NodePorts } from '../sim/machine.ts'
import type { DiskOptions } from '../sim/simDisk.ts'
import { World, type Checker } from '../sim/world.ts'
import type { DomainOf } from '../storage/failureDomain.ts'
import type { ByteRange, Health, OpenObject, PutOptions, PutResult } from '../storage/objects.ts'
import type { Messages } from '../wire/messages.ts'
import { lyingNetwork } from './lyingNetwork.ts'
import { WatchedNetwork, type StoreRequest } from './watchedNetwork.ts'

const NETWORK_NAME = 'storage world'
const SPAWN_EVERY_MS = 50

export interface StorageWorldOptions {
  readonly seed: number
  /** 24 when absent. */
  readonly nodes?: number
  readonly survive?: number
  readonly graceMs?: number
  readonly repairShare?: number
  readonly link?: LinkOptions
  readonly disk?: DiskOptions
  readonly hostName?: (node: number) => string
  /** Who fails with whom, as every node has it. */
  readonly domainOf?: DomainOf
  /** Whether a node gives whoever fetches from it false fragments. */
  readonly isLiar?: (node: number) => boolean
  /** Of every node; two weeks when absent. */
  readonly scrubPeriodMs?: number
  /** For every node's puts; honest when absent. */
  readonly coder?: Coder
  /** Stands between a node and its network, for requests that fail. */
  readonly alterNetwork?: (network: Network<Messages>) => Network<Messages>
  /** Called with the fragments that a node sends to a holder, as they leave. */
  readonly onSent?: (node: number, request: StoreRequest) => void
  /** Called with the fragments that a holder has given a node its word for, when the word has come. */
  readonly onStored?: (node: number, request: StoreRequest) => void
  /** Replaces some of a node's ports by what lies, fails, counts or listens. Called at each of its starts. */
  readonly alter?: (ports: NodePorts<Messages>, node: number) => Partial<NodePorts<Messages>>
}

export class StorageWorld {
  readonly primitives = new NodePrimitives()
  readonly world: World<Node, Messages>
  /** Everything that some node has a holder's signed word for. */
  readonly acknowledged: AcknowledgedFragments
  private readonly networks = new Map<number, WatchedNetwork>()
  private readonly checkers: Checker<World<Node, Messages>>[]

  private constructor(options: StorageWorldOptions) {
    const { seed, nodes = 24, link = { delayMs: [5, 40] }, disk = {}, coder } = options
    this.acknowledged = new AcknowledgedFragments(this.primitives)
    this.checkers = [this.acknowledged.check, storedFragmentsVerify(this.primitives)]
    this.world = new World<Node, Messages>({
      seed,
      nodes,
      spawnEveryMs: SPAWN_EVERY_MS,
      spawn: (ports, node) => this.spawn(ports, node, options),
      primitives: this.primitives,
      coder: coder ?? new InlineCoder(this.primitives),
      link,
      disk,
      ...(options.hostName === undefined ? {} : { hostName: options.hostName }),
    })
  }

  /** A world in which every node has joined. */
  static async start(options: StorageWorldOptions): Promise<StorageWorld> {
    const storage = new StorageWorld(options)
    await storage.run(storage.world.nodeCount * SPAWN_EVERY_MS + 10 * SECOND)
    return storage
  }

  node(node: number): Node {
    return present(this.world.process(node), `node ${node} is up`)
  }

  /** Requests of a node's latest process. */
  network(node: number): WatchedNetwork {
    return present(this.networks.get(node), `node ${node} has started`)
  }

  /** What the promise gives, while the world runs. */
  async until<T>(promise: Promise<T>, limitMs = 10 * MINUTE): Promise<T> {
    return (await this.world.runUntil(promise, { limitMs, check: this.checkers })) as T
  }

  run(durationMs: number): Promise<void> {
    return this.world.run(durationMs, { check: this.checkers })
  }

  put(node: number, content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutResult> {
    const source = content instanceof Uint8Array ? once(content) : content
    return this.until(this.node(node).objects.put(source, options))
  }

  read(node: number, capability: Capability, range?: ByteRange): Promise<Bytes> {
    const open = this.node(node).objects.open(capability)
    return this.until(open.then((object) => gather(object, range)))
  }

  health(node: number, capability: Capability): Promise<Health> {
    return this.until(this.node(node).objects.health(capability))
  }

  /** Ends `count` nodes at once, none of `spared`, by the world's dice. */
  killAtRandom(count: number, spared: readonly number[]): readonly number[] {
    const nodes = Array.from({ length: this.world.nodeCount }, (_, node) => node)
    const living = nodes.filter((node) => this.world.isUp(node) && !spared.includes(node))
    const victims = Array.from({ length: count }, () =>
      living.splice(this.world.random.integer(living.length), 1),
    ).flat()
    for (const node of victims) this.world.crash(node, 'vanish')
    return victims
  }

  /** Pseudorandom content, the same for the same label and length. */
  content(length: number, label = 1): Bytes {
    return this.primitives.cipher(new Uint8Array(32).fill(label), 0, new Uint8Array(length))
  }

  private spawn(ports: NodePorts<Messages>, node: number, options: StorageWorldOptions): Promise<Node> {
    const altered = { ...ports, ...options.alter?.(ports, node) }
    const { clock, transport, signer } = altered
    const deps = { clock, transport, id: signer.id, networkName: NETWORK_NAME }
    const network = new WatchedNetwork(deps, this.acknowledged, {
      onSent: (request) => options.onSent?.(node, request),
      onStored: (request) => options.onStored?.(node, request),
    })
    this.networks.set(node, network)
    const honest = options.alterNetwork?.(network) ?? network
    return Node.start(
      { ...altered, network: options.isLiar?.(node) === true ? lyingNetwork(network) : honest },
      {
        signer,
        networkName: NETWORK_NAME,
        version: '0',
        survive: options.survive ?? 0.5,
        bootstrap: node === 0 ? [] : [this.world.contact(0)],
        ...(options.domainOf === undefined ? {} : { domainOf: options.domainOf }),
        ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
        ...(options.repairShare === undefined ? {} : { repairShare: options.repairShare }),
        ...(options.disk?.quotaBytes === undefined ? {} : { quotaBytes: options.disk.quotaBytes }),
        ...(options.scrubPeriodMs === undefined ? {} : { scrubPeriodMs: options.scrubPeriodMs }),
      },
    )
  }
}

/** One chunk and the end. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export async function gather(object: Pick<OpenObject, 'stream'>, range?: ByteRange): Promise<Bytes> {
  const chunks: Bytes[] = []
  for await (const chunk of object.stream(range === undefined ? {} : { range })) chunks.push(chunk)
  return concat(...chunks)
}
