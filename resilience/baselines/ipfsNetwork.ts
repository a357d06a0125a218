/**
 * The network of the published attack on IPFS: settled servers with the tables that were measured in April 2022 (RFM19 of
 * ProbeLab, "DHT Routing Table Health"), and an attacker's nodes that join it from one machine by the rules of go-libp2p-kad-dht. What
 * a request takes: a dial and an answer over the world's links, or the five seconds after which a dial to a node that has gone fails.
 */
import { present } from '../../src/base/assert.ts'
import { ID_BYTES, parseId, type NodeId, type Point } from '../../src/base/id.ts'
import { MINUTE, SECOND } from '../../src/base/units.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { groundIdNear } from '../../src/sim/attackers/groundIds.ts'
import { IdOrder, prefixOf } from '../../src/sim/idOrder.ts'
import { inertCoder } from '../../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../../src/sim/keyedPrimitives.ts'
import { Links } from '../../src/sim/links.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { World } from '../../src/sim/world.ts'
import { closestPeers, findsRecord, type WalkOptions } from './ipfsProviders.ts'
import { BUCKET_SIZE, IpfsTable } from './ipfsTable.ts'

/** Of 20,811 peers that a crawl heard of 15,371 could be reached (RFM19). */
const GONE_PER_LIVING = 5440 / 15_371
/** Of the contacts in buckets that are not full, 15 % could not be reached; of those in full ones, 4 % (RFM19). */
const GONE_SHARE_IN_DEPTH = 0.15
const GONE_SHARE_IN_FULL = 0.04
/** 61.09 % of all nodes know all of their 20 nearest (RFM19), so one of them is missing with this chance. */
const MISSING_SHARE = 1 - 0.6109 ** (1 / 20)
/** Prefixes of ids are compared to this depth; no two of 20,000 random ids share as many bits. */
const DEPTH_MAX = 32

/** go-libp2p's limit for a TCP connection to stand. */
const DIAL_MS = 5 * SECOND
/** The attacker's nodes, the provider and the client ran on one machine. */
const LOCAL_MS = 0.5
/** Round trips until a first answer: TCP, security, multiplexer, then the request. */
const TRIPS_WITH_DIAL = 4
/**
 * A node serves nobody before somebody has reached it. go-libp2p's AutoNAT asks the first peers it is identified with, while it knows
 * nothing (autonat.go, EvtPeerIdentificationCompleted): one answer takes a request, a dial back and a reply.
 */
const REACHED_MS = SECOND
/**
 * Of 15 ids next to a key, how many a lookup found a minute after they had started, in how many of 100 attacks (the artifacts'
 * experiment_results/sybil15Combined, PercentEclipsed). Somebody who cannot dial a node back makes it a client for the rest of an attack.
 */
const FOUND_OF_15: readonly (readonly [found: number, attacks: number])[] = [
  [15, 56],
  [14, 12],
  [13, 11],
  [12, 5],
  [11, 3],
  [10, 3],
  [9, 3],
  [8, 1],
  [7, 2],
  [5, 2],
  [3, 1],
  [1, 1],
]
/** What each id looked up once, besides itself: the artifacts never told it the key. */
const LOOKED_UP = '0a'.repeat(ID_BYTES) as Point
/** The processes of the attack were started one after the other, without waiting. */
const START_MS = SECOND
/** libp2p's bootstrap nodes that answered. Among the addresses in the attacker's list are some that have long been gone. */
const BOOTSTRAP_COUNT = 4
/** Deeper buckets are not refreshed (go-libp2p-kbucket, table_refresh.go). */
const REFRESH_DEPTH_MAX = 15

/** One node of the attacker's. */
interface Sybil {
  readonly contact: Contact
  readonly table: IpfsTable
  readonly group: string
  isServer: boolean
}

export class IpfsNetwork {
  readonly dice: SeededRandom
  private readonly world: World
  private readonly links: Links
  private readonly living: IdOrder
  private readonly gone: IdOrder
  private readonly numbers = new Map<NodeId, number>()
  private readonly tables = new Map<NodeId, IpfsTable>()
  private readonly sybils = new Map<NodeId, Sybil>()
  /** Whom nodes of the attacker's machine have a connection to. */
  private readonly connections = new Map<NodeId, Set<NodeId>>()

  constructor({ seed, nodes }: { readonly seed: number; readonly nodes: number }) {
    this.dice = new SeededRandom(seed).fork('ipfs')
    this.links = new Links(seed)
    this.world = new World({
      seed,
      nodes: 0,
      primitives: new KeyedPrimitives(new NodePrimitives()),
      coder: inertCoder,
      spawn: () => Promise.reject(new Error('the network has no machines')),
    })
    this.living = new IdOrder(this.strangers(nodes))
    this.gone = new IdOrder(this.strangers(Math.round(nodes * GONE_PER_LIVING)))
  }

  randomPoint(): Point {
    return present(parseId(this.dice.bytes(ID_BYTES)), 'a point has 32 bytes')
  }

  randomNode(): NodeId {
    return present(this.living.contacts[this.dice.integer(this.living.contacts.length)], 'a node').id
  }

  nearestLiving(point: Point): NodeId {
    return present(this.living.nearest(point, 1)[0], 'the nearest').id
  }

  /** Whether a node keeps what it is given: not one that has gone, nor one of the attacker's. */
  keeps({ id }: Contact): boolean {
    return this.living.find(id) >= 0
  }

  /** Who is nearest to a point, as a node on the attacker's machine finds it by IPFS's rules. */
  closest(from: NodeId, target: Point): Promise<readonly Contact[]> {
    return closestPeers(this.walkFrom(from, target))
  }

  /** Whether a node on the attacker's machine finds the record that these nodes hold. */
  finds(from: NodeId, target: Point, holders: readonly Contact[]): Promise<boolean> {
    const ids = new Set(holders.map(({ id }) => id))
    return findsRecord(this.walkFrom(from, target), ({ id }) => ids.has(id))
  }

  /** Starts the attacker's nodes next to one key, all on one machine, and lets `forMs` pass. */
  async attack(
    keys: readonly { readonly key: Point; readonly ids: readonly NodeId[] }[],
    forMs: number,
  ): Promise<void> {
    for (const { key, ids } of keys) {
      const reachedShare = this.reachedShare()
      for (const id of ids) {
        const isReached = this.dice.fraction() < reachedShare
        this.world.clock.after(this.dice.integer(START_MS), () => {
          void this.join(id, key, isReached)
        })
      }
    }
    await this.world.run(forMs)
  }

  async until<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
    return (await this.world.runUntil(Promise.all(promises), { limitMs: 60 * MINUTE })) ?? []
  }

  private walkFrom(from: NodeId, target: Point): WalkOptions {
    return {
      self: from,
      target,
      seeds: this.tableOf(from).nearest(target),
      ask: (contact) => this.ask(from, contact, target),
    }
  }

  private async ask(from: NodeId, { id }: Contact, target: Point): Promise<readonly Contact[] | undefined> {
    const asker = this.sybils.get(from)
    if (this.gone.find(id) >= 0) {
      await this.world.clock.sleep(DIAL_MS)
      return undefined
    }
    const connected = this.connectionsOf(from)
    const trips = connected.has(id) ? 1 : TRIPS_WITH_DIAL
    const trip = this.sybils.has(id) ? LOCAL_MS : this.links.baseMs(this.numberOf(from), this.numberOf(id))
    await this.world.clock.sleep((2 * trips - 1) * trip)
    connected.add(id)
    if (asker?.isServer === true) this.tableOf(id).admit(asker.contact, asker.group)
    const closer = this.tableOf(id)
      .nearest(target)
      .filter((contact) => contact.id !== from)
    await this.world.clock.sleep(trip)
    asker?.table.admit({ id, addresses: [] })
    return closer
  }

  /** Of the ids of one attack, the share that others can dial. */
  private reachedShare(): number {
    let left = this.dice.integer(FOUND_OF_15.reduce((sum, [, attacks]) => sum + attacks, 0))
    const [found] = present(
      FOUND_OF_15.find(([, attacks]) => (left -= attacks) < 0),
      'one of the attacks',
    )
    return found / 15
  }

  /** What an attacker's node does: connects, looks for something and itself, refreshes its buckets one after the other, and again. */
  private async join(id: NodeId, key: Point, isReached: boolean): Promise<void> {
    const contact: Contact = { id, addresses: [] }
    const table = new IpfsTable(id, { isDiverse: false })
    const sybil: Sybil = { contact, table, group: key, isServer: false }
    this.sybils.set(id, sybil)
    for (let i = 0; i < BOOTSTRAP_COUNT; i++) table.admit({ id: this.randomNode(), addresses: [] })
    await this.world.clock.sleep(DIAL_MS)
    if (isReached) this.world.clock.after(REACHED_MS, () => this.becomeServer(sybil))
    void this.closest(id, LOOKED_UP)
    for (;;) {
      await this.closest(id, id)
      for (let bits = 0; bits <= Math.min(REFRESH_DEPTH_MAX, table.deepestBucket()); bits++) {
        await this.closest(id, differingAfter(id, bits, this.dice))
      }
      // Two refreshes follow a start, then one every ten minutes, when all is over.
    }
  }

  /** Tells everybody it is connected to that it serves requests now; they may take it into their tables. */
  private becomeServer(sybil: Sybil): void {
    sybil.isServer = true
    const own = this.numberOf(sybil.contact.id)
    for (const id of this.connectionsOf(sybil.contact.id)) {
      this.world.clock.after(this.links.baseMs(own, this.numberOf(id)), () => {
        this.tableOf(id).admit(sybil.contact, sybil.group)
      })
    }
  }

  private tableOf(id: NodeId): IpfsTable {
    const known = this.sybils.get(id)?.table ?? this.tables.get(id)
    if (known !== undefined) return known
    const table = new IpfsTable(id, { isDiverse: true, contacts: this.settledContacts(id) })
    this.tables.set(id, table)
    return table
  }

  /** As RFM19 found tables: full buckets of nearly all living nodes, and below them nearly everybody there is, some of them gone. */
  private settledContacts(id: NodeId): readonly Contact[] {
    const dice = this.dice.fork(id)
    const prefix = prefixOf(id)
    const contacts: Contact[] = []
    for (let bits = 0; bits < DEPTH_MAX; bits++) {
      const side = (prefix ^ (1 << (DEPTH_MAX - 1 - bits))) >>> 0
      const living = this.living.contacts.slice(...this.living.subtree(side, bits + 1))
      const gone = this.gone.contacts.slice(...this.gone.subtree(side, bits + 1))
      contacts.push(...(living.length > BUCKET_SIZE ? full(living, gone, dice) : rest(living, gone, dice)))
    }
    return contacts
  }

  private connectionsOf(id: NodeId): Set<NodeId> {
    const known = this.connections.get(id) ?? new Set()
    this.connections.set(id, known)
    return known
  }

  private numberOf(id: NodeId): number {
    const known = this.numbers.get(id)
    if (known !== undefined) return known
    const number = this.numbers.size
    this.numbers.set(id, number)
    return number
  }

  private strangers(count: number): readonly Contact[] {
    return Array.from({ length: count }, () => ({ id: this.randomPoint() as NodeId, addresses: [] }))
  }
}

function full(living: readonly Contact[], gone: readonly Contact[], dice: SeededRandom): readonly Contact[] {
  const chosen = new Set<Contact>()
  while (chosen.size < BUCKET_SIZE) {
    const pool = gone.length > BUCKET_SIZE && dice.fraction() < GONE_SHARE_IN_FULL ? gone : living
    chosen.add(present(pool[dice.integer(pool.length)], 'a contact'))
  }
  return [...chosen]
}

function rest(living: readonly Contact[], gone: readonly Contact[], dice: SeededRandom): readonly Contact[] {
  const known = GONE_SHARE_IN_DEPTH / (1 - GONE_SHARE_IN_DEPTH) / GONE_PER_LIVING
  return [...living.filter(() => dice.fraction() >= MISSING_SHARE), ...gone.filter(() => dice.fraction() < known)]
}

/** A random point that shares exactly `bits` leading bits with another. */
function differingAfter(id: NodeId, bits: number, dice: SeededRandom): Point {
  const digits = groundIdNear(id, bits, dice)
  const at = bits >> 2
  const own = Number.parseInt(id[at] ?? '0', 16)
  const mask = 8 >> (bits & 3)
  const random = Number.parseInt(digits[at] ?? '0', 16)
  const digit = (random & ~mask) | (~own & mask)
  return (digits.slice(0, at) + (digit & 15).toString(16) + digits.slice(at + 1)) as Point
}
