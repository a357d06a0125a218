/**
 * The shipped overlay as the suite's attacks meet it: a simulated world of overlays that have joined one another, some of them
 * hostile from the start or added later. Knows the truth that nodes can only look for: who is honest, alive and nearest.
 */
import { present } from '../src/base/assert.ts'
import { ID_BYTES, parseId, type NodeId, type Point } from '../src/base/id.ts'
import { MINUTE, SECOND } from '../src/base/units.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { Overlay } from '../src/overlay/overlay.ts'
import type { Region, RegionOptions } from '../src/overlay/region.ts'
import type { Contact } from '../src/ports/connection.ts'
import { startAttacker, type Attack } from '../src/sim/attackers/attack.ts'
import { Conspiracy } from '../src/sim/attackers/conspiracy.ts'
import { IdOrder } from '../src/sim/idOrder.ts'
import { inertCoder } from '../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { LinkOptions } from '../src/sim/links.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { Noticeboard } from '../src/sim/noticeboard.ts'
import { World } from '../src/sim/world.ts'
import type { Messages } from '../src/wire/messages.ts'
import { Population } from './baselines/population.ts'
import { CountedNetwork } from './countedNetwork.ts'

/** Joins a second: ten thousand nodes are there after three minutes. */
const SPAWN_EVERY_MS = 20
const SETTLE_MS = 2 * MINUTE
const LOOKUP_MS_MAX = 10 * MINUTE
/** The overlay's. */
const BUCKET_SIZE = 20

export interface SubjectOptions {
  readonly seed: number
  /** From the start, hostile ones included. */
  readonly nodes: number
  /** What a node does; undefined for an honest one. Asked when its process starts. */
  readonly attackOf?: (node: number, subject: Subject) => Attack | undefined
  readonly link?: LinkOptions
  readonly hostName?: (node: number) => string
  /** True where nobody tells a node that starts again whom to join: it has what it wrote down. */
  readonly bootstrapOnce?: boolean
  /** True where nodes can meet at a place outside the network. */
  readonly hasRendezvous?: boolean
}

interface Way {
  /** Nodes do not join; they are given the tables of a network that has run for ever. */
  readonly isSettled: boolean
}

interface Start {
  readonly bootstrap: readonly Contact[]
  readonly isSettled: boolean
  /** False for a hostile node: it answers and is in tables, which is all it wants, and keeps no table of its own fresh. */
  readonly isKept: boolean
}

export interface Member extends SimProcess {
  readonly network: CountedNetwork
  /** Undefined for a hostile node. */
  readonly overlay: Overlay | undefined
  /** What a hostile node shows of itself, and what an honest one is. */
  readonly inner: Overlay
}

export class Subject {
  readonly world: World<Member, Messages>
  /** The hostile nodes that have started. */
  readonly conspiracy = new Conspiracy()
  private readonly options: SubjectOptions
  private readonly way: Way
  private readonly noticeboard = new Noticeboard()
  private readonly nodes = new Map<NodeId, number>()
  private groundIds: readonly NodeId[] = []

  private constructor(options: SubjectOptions, way: Way) {
    this.options = options
    this.way = way
    this.world = new World<Member, Messages>({
      seed: options.seed,
      nodes: options.nodes,
      spawnEveryMs: way.isSettled ? 0 : SPAWN_EVERY_MS,
      primitives: new KeyedPrimitives(new NodePrimitives()),
      coder: inertCoder,
      spawn: (ports, node) => this.spawn(ports, node),
      groundId: (node) => this.groundIds[node - options.nodes],
      ...(options.link === undefined ? {} : { link: options.link }),
      ...(options.hostName === undefined ? {} : { hostName: options.hostName }),
    })
  }

  /** A network in which everybody has joined and had time to settle. */
  static async start(options: SubjectOptions): Promise<Subject> {
    const subject = new Subject(options, { isSettled: false })
    await subject.world.run(options.nodes * SPAWN_EVERY_MS + SETTLE_MS)
    return subject
  }

  /**
   * A network whose tables are what they become when it runs undisturbed: each bucket has all nodes of its part of the space, or 20
   * random ones. `newcomers` have ids of their choice and came later: they are where room was left. Takes seconds where joining takes minutes;
   * nodes answer, but only those that are woken keep their tables.
   */
  static async settled(
    options: SubjectOptions,
    newcomers: (subject: Subject) => readonly NodeId[] = () => [],
  ): Promise<Subject> {
    const subject = new Subject(options, { isSettled: true })
    subject.groundIds = newcomers(subject)
    subject.groundIds.forEach(() => subject.world.add())
    await subject.world.run(SECOND)
    subject.fillTables()
    return subject
  }

  /** Lets nodes of a settled network keep their tables and learn about the network, as any node does, for a while. */
  async wake(nodes: readonly number[]): Promise<void> {
    if (this.way.isSettled) for (const node of nodes) this.overlay(node).start()
    await this.world.run(SETTLE_MS)
  }

  private fillTables(): void {
    const contacts = Array.from({ length: this.world.nodeCount }, (_, node) => this.world.contact(node))
    const { nodes, seed } = this.options
    const population = new Population(contacts.slice(0, nodes), BUCKET_SIZE, seed, contacts.slice(nodes))
    contacts.forEach(({ id }, node) => {
      const { inner } = present(this.world.process(node), `node ${node}`)
      for (const contact of population.tableOf(id)) {
        inner.onPeer({ ...contact, contact, host: hostOf(contact) })
      }
    })
  }

  /** Further nodes with ids of their choice; they join like any other. What they do, `attackOf` says. At most once. */
  async addGround(ids: readonly NodeId[]): Promise<void> {
    this.groundIds = ids
    ids.forEach((_, nth) => this.world.add({ inMs: nth * SPAWN_EVERY_MS }))
    await this.world.run(ids.length * SPAWN_EVERY_MS + SETTLE_MS)
  }

  /** The overlay of an honest node that is up. */
  overlay(node: number): Overlay {
    return present(this.world.process(node)?.overlay, `the overlay of node ${node}`)
  }

  /** The honest nodes that are up. */
  honest(): readonly number[] {
    return Array.from({ length: this.world.nodeCount }, (_, node) => node).filter(
      (node) => this.world.process(node)?.overlay !== undefined,
    )
  }

  /** The living honest nodes in order, for many questions about one moment. */
  honestOrder(): IdOrder {
    return new IdOrder(this.honest().map((node) => this.world.contact(node)))
  }

  /** The node that has, or last had, this id. */
  nodeOf(id: NodeId): number | undefined {
    return this.nodes.get(id)
  }

  isUp(id: NodeId): boolean {
    const node = this.nodeOf(id)
    return node !== undefined && this.world.isUp(node) && this.world.contact(node).id === id
  }

  randomPoint(): Point {
    return present(parseId(this.world.random.bytes(ID_BYTES)), 'a point has 32 bytes')
  }

  randomOf<T>(choices: readonly T[]): T {
    return present(choices[this.world.random.integer(choices.length)], 'one of the choices')
  }

  /** The region as a node finds it; undefined when its search fails. */
  async region(node: number, point: Point, options: RegionOptions = {}): Promise<Region | undefined> {
    const found = this.overlay(node).regions([point], options)
    return found.then(
      ([region]) => region,
      () => undefined,
    )
  }

  /** What the promises give, while the world runs. */
  async until<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
    return (await this.world.runUntil(Promise.all(promises), { limitMs: LOOKUP_MS_MAX })) ?? []
  }

  /** Requests of a kind that a node's process has answered. */
  answered(node: number, kind: keyof Messages): number {
    return this.world.process(node)?.network.answered(kind) ?? 0
  }

  private async spawn(ports: NodePorts<Messages>, node: number): Promise<Member> {
    const network = new CountedNetwork(ports.network)
    const counted = { ...ports, network }
    const isFirstStart = !this.nodes.has(ports.signer.id)
    this.nodes.set(ports.signer.id, node)
    const attack = this.options.attackOf?.(node, this)
    const isAlone = this.options.bootstrapOnce === true && !isFirstStart
    const start: Start = {
      bootstrap: isAlone || this.way.isSettled ? [] : this.bootstrapOf(node),
      isSettled: this.way.isSettled && isFirstStart,
      isKept: attack === undefined,
    }
    if (attack === undefined) {
      const overlay = await this.startOverlay(counted, start)
      return { network, overlay, inner: overlay, stop: () => stopOverlay(overlay, network) }
    }
    this.conspiracy.add(this.world.contact(node))
    let inner: Overlay | undefined
    const hostile = await startAttacker(counted, attack, async (altered) => {
      const overlay = await this.startOverlay(altered, start)
      inner = overlay
      return { stop: () => stopOverlay(overlay, network) }
    })
    return { network, overlay: undefined, inner: present(inner, 'its overlay'), stop: () => hostile.stop() }
  }

  private async startOverlay(ports: NodePorts<Messages>, { bootstrap, isSettled, isKept }: Start): Promise<Overlay> {
    const rendezvous = this.noticeboard.for(ports.clock, ports.random)
    const overlay = new Overlay({ ...ports, ...(this.options.hasRendezvous === true ? { rendezvous } : {}) })
    overlay.serve()
    await ports.network.start({
      onPeer: (peer) => overlay.onPeer(peer),
      onPeerLost: (id) => overlay.onPeerLost(id),
    })
    if (isSettled) return overlay
    await overlay.join(bootstrap)
    if (isKept) overlay.start()
    return overlay
  }

  /** An honest node that was there before, as somebody one knows. */
  private bootstrapOf(node: number): readonly Contact[] {
    const { nodes } = this.options
    const known = Math.min(node, nodes)
    if (known === 0) return []
    for (;;) {
      const other = this.world.random.integer(known)
      const contact = this.world.contact(other)
      if (known === this.conspiracy.size || !this.conspiracy.has(contact.id)) return [contact]
    }
  }
}

async function stopOverlay(overlay: Overlay, network: CountedNetwork): Promise<void> {
  await overlay.stop()
  await network.close()
}

/** `sim://10.0.3.1:7` without scheme and port. */
export function hostOf({ addresses: [address = ''] }: Contact): string {
  return address.slice('sim://'.length, address.lastIndexOf(':'))
}

/** How long an attack's aftermath may take before it is measured, where its promise names a time. */
export const FIVE_MINUTES = 300 * SECOND
