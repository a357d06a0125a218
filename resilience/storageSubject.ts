/**
 * The shipped storage as the suite's attacks meet it: a simulated world of whole nodes in which objects are stored already. Knows
 * the truth that nodes can only ask for: what is on every disk.
 */
import { present } from '../src/base/assert.ts'
import { concat, equal, type Bytes } from '../src/base/bytes.ts'
import { Failure } from '../src/base/failure.ts'
import type { NodeId, StripeId } from '../src/base/id.ts'
import { MINUTE, SECOND } from '../src/base/units.ts'
import { InlineCoder } from '../src/coding/inlineCoder.ts'
import { NodeIds } from '../src/crypto/nodeIds.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { Overlay } from '../src/overlay/overlay.ts'
import type { Contact } from '../src/ports/connection.ts'
import type { PeerEvents } from '../src/ports/network.ts'
import { IdOrder } from '../src/sim/idOrder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { LinkOptions } from '../src/sim/links.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { World } from '../src/sim/world.ts'
import { Holdings } from '../src/storage/holdings.ts'
import { GRACE_MS, LEASE_MS_MAX, REPAIR_SHARE } from '../src/storage/limits.ts'
import type { Objects } from '../src/storage/objects.ts'
import { ObjectStore } from '../src/storage/objectStore.ts'
import { OwnerKeys } from '../src/storage/ownerKeys.ts'
import { Proofs } from '../src/storage/proofs.ts'
import { PutJournals } from '../src/storage/putJournals.ts'
import { ReadLedger } from '../src/storage/readLedger.ts'
import { Repairer, type RepairCounts } from '../src/storage/repairer.ts'
import { Storekeeper } from '../src/storage/storekeeper.ts'
import { Stores } from '../src/storage/stores.ts'
import { StoreWindow } from '../src/storage/storeWindow.ts'
import type { Messages } from '../src/wire/messages.ts'
import { Population } from './baselines/population.ts'
import { KnowingOverlay } from './knowingOverlay.ts'
import { MeteredNetwork, type Meter } from './meteredNetwork.ts'
import { bytesOf, fragmentsOn, lostAmong, ObjectPlacer, type StoredObject } from './storedObjects.ts'
import { hostOf } from './subject.ts'

const SURVIVE = 0.5
const SETTLE_MS = 2 * MINUTE
const READ_MS_MAX = 10 * MINUTE
const JOIN_THROUGH = 3
/** The overlay's. */
const BUCKET_SIZE = 20
/** How old what everybody knows of comings and goings may be, where the overlay knows them. */
const KNOWN_MS = 2 * MINUTE

export interface StorageSubjectOptions {
  readonly seed: number
  readonly nodes: number
  /** The repairer's; it rests when absent, as for what happens within minutes. */
  readonly graceMs?: number
  readonly repairShare?: number
  /** True for simulated months: who is there is known rather than found (knowingOverlay.ts). */
  readonly isKnowing?: boolean
  readonly link?: LinkOptions
  readonly hostName?: (node: number) => string
  /** Replaces some of a node's ports by what lies or forgets. Called at each of its starts. */
  readonly alter?: (ports: NodePorts<Messages>, node: number) => Partial<NodePorts<Messages>>
  readonly meterOf?: (node: number) => Meter
  readonly ledgerOf?: (node: number) => ReadLedger
}

export interface StorageMember extends SimProcess {
  readonly overlay: Overlay
  readonly objects: Objects
  readonly repairer: Repairer
  readonly ledger: ReadLedger
}

export class StorageSubject {
  readonly world: World<StorageMember, Messages>
  readonly objects: StoredObject[] = []
  private readonly options: StorageSubjectOptions
  private readonly primitives = new KeyedPrimitives(new NodePrimitives())
  private readonly coder = new InlineCoder(this.primitives)
  private readonly content: SeededRandom
  private readonly nodes = new Map<NodeId, number>()
  private readonly events = new Map<number, PeerEvents>()
  private repairedBefore: RepairCounts = NOTHING_REPAIRED
  /** Who is there on either side of a cut, or on the one side that there is. */
  private readonly known = new Map<boolean, { readonly order: IdOrder; readonly atMs: number }>()
  private side: (node: number) => boolean = () => true

  constructor(options: StorageSubjectOptions) {
    this.options = options
    this.content = new SeededRandom(options.seed).fork('objects')
    this.world = new World<StorageMember, Messages>({
      seed: options.seed,
      nodes: options.nodes,
      primitives: this.primitives,
      coder: this.coder,
      spawn: (ports, node) => this.spawn(ports, node),
      ...(options.link === undefined ? {} : { link: options.link }),
      ...(options.hostName === undefined ? {} : { hostName: options.hostName }),
    })
    for (let node = 0; node < options.nodes; node++) this.nodes.set(this.world.contact(node).id, node)
  }

  /** Puts further objects of so many bytes on the disks of a world that has not run yet. */
  async store(count: number, bytes: number): Promise<void> {
    const placer = new ObjectPlacer({
      primitives: this.primitives,
      coder: this.coder,
      random: this.content,
      nodes: new IdOrder(this.everybody().map((node) => this.world.contact(node))),
      diskOf: ({ id }) => this.world.disk(present(this.nodes.get(id), 'a holder')).fragments,
      survive: SURVIVE,
      leaseUntilMs: this.world.clock.now() + LEASE_MS_MAX,
    })
    for (let nth = 0; nth < count; nth++) this.objects.push(await placer.store(this.content.bytes(bytes)))
  }

  /** Starts everybody, in a network that has run for ever: each bucket has all nodes of its part of the space, or 20 random ones. */
  async start(): Promise<void> {
    await this.world.run(SECOND)
    if (this.options.isKnowing !== true) this.fillTables()
  }

  /** Lets nodes keep their tables and learn about the network, as any node does, for a while. */
  async wake(nodes: readonly number[]): Promise<void> {
    for (const node of nodes) this.member(node).overlay.start()
    await this.world.run(SETTLE_MS)
  }

  member(node: number): StorageMember {
    return present(this.world.process(node), `node ${node} is up`)
  }

  nodeOf(id: NodeId): number | undefined {
    return this.nodes.get(id)
  }

  everybody(): readonly number[] {
    return Array.from({ length: this.world.nodeCount }, (_, node) => node)
  }

  living(): readonly number[] {
    return this.everybody().filter((node) => this.world.isUp(node))
  }

  /** Distinct fragments of each stripe on the disks of these nodes. */
  fragmentsOf(nodes: readonly number[]): ReadonlyMap<StripeId, ReadonlySet<number>> {
    return fragmentsOn(nodes.map((node) => this.world.disk(node).fragments))
  }

  /** The share of all objects that these nodes together cannot give back. */
  lostShare(nodes: readonly number[]): number {
    return lostAmong(this.objects, this.fragmentsOf(nodes)).length / this.objects.length
  }

  get storedBytes(): number {
    return bytesOf(this.objects)
  }

  get storedFragments(): number {
    return this.objects.flatMap(({ stripes }) => stripes).reduce((sum, { total }) => sum + total, 0)
  }

  /** Of fragments on a node's disk, without proofs. */
  bytesOn(node: number): number {
    const fragments = [...this.world.disk(node).fragments.values()].flatMap((byIndex) => [...byIndex.values()])
    return fragments.reduce((sum, { fragment }) => sum + fragment.data.length, 0)
  }

  /** By all processes there have been. */
  get repaired(): RepairCounts {
    return this.living().reduce(
      (sum, node) => sumOf(sum, this.world.process(node)?.repairer.counts ?? NOTHING_REPAIRED),
      this.repairedBefore,
    )
  }

  randomOf<T>(choices: readonly T[]): T {
    return present(choices[this.world.random.integer(choices.length)], 'one of the choices')
  }

  /** Some of them, each once. */
  someOf<T>(choices: readonly T[], count: number): readonly T[] {
    const left = [...choices]
    return Array.from({ length: count }, () => left.splice(this.world.random.integer(left.length), 1)).flat()
  }

  /** Nodes vanish without a word. */
  vanish(nodes: readonly number[]): void {
    for (const node of nodes) this.end(node)
  }

  /** A node is gone for good, with its disk, and a newcomer in its place. */
  replace(node: number): void {
    this.end(node)
    this.world.restart(node, { disk: 'lost' })
  }

  /** Those for which `isLeft` holds cannot reach the others any more. Returns what mends it. */
  cut(isLeft: (node: number) => boolean): () => void {
    const all = this.everybody()
    const mend = this.world.cut(
      all.filter(isLeft),
      all.filter((node) => !isLeft(node)),
    )
    this.side = isLeft
    this.known.clear()
    return () => {
      mend()
      this.side = () => true
      this.known.clear()
    }
  }

  /** Whether a node gets the very content of an object. */
  async reads(node: number, object: StoredObject): Promise<boolean> {
    return (await this.outcomeOf(node, object)) === 'right'
  }

  /** What comes of a read: the very content, something else that passed for it, or a failure. */
  async outcomeOf(node: number, { capability, content }: StoredObject): Promise<'right' | 'wrong' | 'failed'> {
    const read = await this.read(node, capability).catch(passWeather)
    if (read === undefined) return 'failed'
    return equal(read, content) ? 'right' : 'wrong'
  }

  /** What the promises give, while the world runs. */
  async until<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
    return (await this.world.runUntil(Promise.all(promises), { limitMs: READ_MS_MAX })) ?? []
  }

  private async read(node: number, capability: StoredObject['capability']): Promise<Bytes> {
    const object = await this.member(node).objects.open(capability)
    const chunks: Bytes[] = []
    for await (const chunk of object.stream()) chunks.push(chunk)
    return concat(...chunks)
  }

  private end(node: number): void {
    const counts = this.world.process(node)?.repairer.counts
    if (counts !== undefined) this.repairedBefore = sumOf(this.repairedBefore, counts)
    this.world.crash(node, 'vanish')
  }

  private fillTables(): void {
    const contacts = this.everybody().map((node) => this.world.contact(node))
    const population = new Population(contacts, BUCKET_SIZE, this.options.seed)
    contacts.forEach(({ id }, node) => {
      const events = present(this.events.get(node), `node ${node} has started`)
      for (const contact of population.tableOf(id)) events.onPeer({ ...contact, contact, host: hostOf(contact) })
    })
    this.events.clear()
  }

  /** As src/node/node.ts makes one. */
  private async spawn(worldPorts: NodePorts<Messages>, node: number): Promise<StorageMember> {
    const { graceMs, repairShare = REPAIR_SHARE, alter, meterOf, ledgerOf } = this.options
    const isFirst = this.isFirst(worldPorts.signer.id, node)
    const altered = { ...worldPorts, ...alter?.(worldPorts, node) }
    const meter = meterOf?.(node)
    const network = meter === undefined ? altered.network : new MeteredNetwork(altered.network, meter)
    const ports = { ...altered, network }
    const overlay =
      this.options.isKnowing === true ? new KnowingOverlay(ports, () => this.knownOrder(node)) : new Overlay(ports)
    const ledger = ledgerOf?.(node) ?? new ReadLedger()
    const holdings = new Holdings({ ...ports, overlay })
    const ids = new NodeIds(ports.primitives)
    const checks = new Holdings({ ...ports, overlay }, 'check')
    const proofs = new Proofs({ ...ports, overlay })
    const sending = { window: new StoreWindow(), stores: new Stores({ ...ports, ids }) }
    const deps = { ...ports, ids, overlay, holdings, checks, proofs, ledger, ...sending }
    const repairer = new Repairer(deps, { graceMs: graceMs ?? GRACE_MS, share: repairShare })
    const objects = new ObjectStore(
      { ...deps, journals: new PutJournals(ports), owners: new OwnerKeys(ports) },
      SURVIVE,
    )
    new Storekeeper({ ...ports, overlay, events: repairer }, {}).serve(network)
    overlay.serve()
    const events: PeerEvents = { onPeer: (peer) => overlay.onPeer(peer), onPeerLost: (id) => overlay.onPeerLost(id) }
    await network.start(events)
    if (isFirst) this.events.set(node, events)
    else await this.join(overlay)
    if (graceMs !== undefined) repairer.start()
    const stop = async (): Promise<void> => {
      objects.close()
      repairer.stop(new Failure('closed', 'this node is stopping'))
      await overlay.stop()
      await network.close()
    }
    return { overlay, objects, repairer, ledger, stop }
  }

  /** Whether this is the start of the whole network. */
  private isFirst(id: NodeId, node: number): boolean {
    this.nodes.set(id, node)
    return this.world.clock.elapsedMs === 0
  }

  private async join(overlay: Overlay): Promise<void> {
    const others = this.someOf(this.living(), JOIN_THROUGH)
    await overlay.join(others.map((other): Contact => this.world.contact(other)))
    overlay.start()
  }

  private knownOrder(node: number): IdOrder {
    const { elapsedMs } = this.world.clock
    const side = this.side(node)
    const known = this.known.get(side)
    if (known !== undefined && elapsedMs - known.atMs < KNOWN_MS) return known.order
    const there = this.living().filter((other) => this.side(other) === side)
    const order = new IdOrder(there.map((other) => this.world.contact(other)))
    this.known.set(side, { order, atMs: elapsedMs })
    return order
  }
}

const NOTHING_REPAIRED: RepairCounts = { checks: 0, repairs: 0, fragments: 0, bytes: 0, failures: 0 }

function sumOf(a: RepairCounts, b: RepairCounts): RepairCounts {
  return {
    checks: a.checks + b.checks,
    repairs: a.repairs + b.repairs,
    fragments: a.fragments + b.fragments,
    bytes: a.bytes + b.bytes,
    failures: a.failures + b.failures,
  }
}

function passWeather(error: unknown): undefined {
  if (!(error instanceof Failure)) throw error
  return undefined
}
