/**
 * A simulated world of nodes that follow a published system's rules: every honest node answers FIND from a converged table,
 * and some nodes answer as an attacker tells them to. What a scenario's lookups ask, they ask over the world's links.
 */
import { present } from '../../src/base/assert.ts'
import type { NodeId, Point } from '../../src/base/id.ts'
import { MINUTE, SECOND } from '../../src/base/units.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import type { Contact } from '../../src/ports/connection.ts'
import type { Network } from '../../src/ports/network.ts'
import { inertCoder } from '../../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../../src/sim/keyedPrimitives.ts'
import type { SimProcess } from '../../src/sim/machine.ts'
import { World } from '../../src/sim/world.ts'
import type { Messages } from '../../src/wire/messages.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { Population } from './population.ts'

/** What a colluder replies to FIND; undefined to stay silent. */
export type FalseReply = (target: Point) => readonly Contact[] | undefined

export interface ConvergedWorldOptions {
  readonly seed: number
  readonly nodes: number
  /** Nodes 0 .. colluders-1 are the attacker's; ids are random, so these are uniformly placed. */
  readonly colluders: number
  readonly bucketSize: number
  readonly falseReply: (world: ConvergedWorld) => FalseReply
  /** Ids of further nodes of the attacker's, who came when the tables had converged and answer from tables of their own. */
  readonly newcomers?: (world: ConvergedWorld) => readonly NodeId[]
}

interface Answering extends SimProcess {
  readonly network: Network<Messages>
}

const REQUEST_MS = 10 * SECOND

export class ConvergedWorld {
  population: Population
  private readonly world: World<Answering, Messages>
  private readonly colluderIds: Set<NodeId>
  private newcomerIds: readonly NodeId[] = []
  private readonly options: ConvergedWorldOptions
  private readonly falseReply: FalseReply

  private constructor(options: ConvergedWorldOptions) {
    this.options = options
    this.world = new World<Answering, Messages>({
      seed: options.seed,
      nodes: options.nodes,
      primitives: new KeyedPrimitives(new NodePrimitives()),
      coder: inertCoder,
      spawn: ({ network }, node) => this.spawn(network, node),
      groundId: (node) => this.newcomerIds[node - options.nodes],
    })
    const contacts = Array.from({ length: options.nodes }, (_, node) => this.world.contact(node))
    this.colluderIds = new Set(contacts.slice(0, options.colluders).map(({ id }) => id))
    this.population = new Population(contacts, options.bucketSize, options.seed)
    this.falseReply = options.falseReply(this)
    if (options.newcomers !== undefined) this.admit(contacts, options.newcomers(this))
  }

  static async start(options: ConvergedWorldOptions): Promise<ConvergedWorld> {
    const converged = new ConvergedWorld(options)
    await converged.world.run(0)
    return converged
  }

  isHonest({ id }: Contact): boolean {
    return !this.colluderIds.has(id)
  }

  /** A random honest node. */
  randomSeeker(): number {
    const { nodes, colluders } = this.options
    return colluders + this.world.random.integer(nodes - colluders)
  }

  randomBytes(count: number): Uint8Array {
    return this.world.random.bytes(count)
  }

  contact(node: number): Contact {
    return this.world.contact(node)
  }

  /** What the node at `contact` replies to `seeker`; undefined when it is silent. */
  async find(seeker: number, contact: Contact, target: Point): Promise<readonly Contact[] | undefined> {
    const { network } = present(this.world.process(seeker), `node ${seeker} runs`)
    const reply = network.request(contact, 'find', { target }, { timeoutMs: REQUEST_MS })
    return reply.then(
      ({ contacts }) => contacts,
      () => undefined,
    )
  }

  /** What the promises give, while the world runs. */
  async until<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
    return (await this.world.runUntil(Promise.all(promises), { limitMs: 60 * MINUTE })) ?? []
  }

  private admit(settled: readonly Contact[], ids: readonly NodeId[]): void {
    this.newcomerIds = ids
    for (const id of ids) this.colluderIds.add(id)
    const newcomers = ids.map(() => this.world.contact(this.world.add()))
    this.population = new Population(settled, this.options.bucketSize, this.options.seed, newcomers)
  }

  private async spawn(network: Network<Messages>, node: number): Promise<Answering> {
    const isColluder = node < this.options.colluders
    const { bucketSize } = this.options
    network.serve('find', async ({ target }, { id: asker }) => {
      const contacts = isColluder
        ? await (this.falseReply(target) ?? new Promise<never>(() => undefined))
        : nearestOf(this.population.tableOf(network.self.id), target, bucketSize)
      return { contacts: contacts.filter(({ id }) => id !== asker) }
    })
    await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
    return { network, stop: () => network.close() }
  }
}
