/**
 * Finding nodes: the layers above know only `regions`, `networkSize` and contacts. Machines (routingTable, lookup) decide, flows
 * (search, liveness, upkeep) ask and tell them; this is what they are together.
 */
import { Failure, isFailure } from '../base/failure.ts'
import { compareDistance, distanceFraction, type NodeId, type Point } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { orAborted } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network, Peer } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { Rendezvous } from '../ports/rendezvous.ts'
import type { StateStore } from '../ports/stateStore.ts'
import type { Messages } from '../wire/messages.ts'
import { Hearsay } from './hearsay.ts'
import { REGION_SIZE, REGIONS_PARALLEL } from './limits.ts'
import { Liveness } from './liveness.ts'
import type { LookupResult } from './lookup.ts'
import type { Region, RegionOptions } from './region.ts'
import { RoutingTable } from './routingTable.ts'
import { Search } from './search.ts'
import { membersOf, regionRadius } from './shells.ts'
import { Upkeep } from './upkeep.ts'

export interface OverlayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network<Messages>
  readonly state: StateStore
  /** Where to meet the others when nobody this node remembers is where it was. */
  readonly rendezvous?: Rendezvous
}

export class Overlay {
  private readonly deps: OverlayDeps
  private readonly table: RoutingTable
  private readonly liveness: Liveness
  private readonly search: Search
  private readonly hearsay: Hearsay
  private readonly upkeep: Upkeep
  private readonly ending = new AbortController()

  constructor(deps: OverlayDeps) {
    const table = new RoutingTable(deps.network.self.id)
    const ending = this.ending.signal
    this.deps = deps
    this.table = table
    this.liveness = new Liveness({ ...deps, table, ending })
    this.search = new Search({ ...deps, table, liveness: this.liveness })
    this.hearsay = new Hearsay({
      ...deps,
      table,
      liveness: this.liveness,
      known: (point) => this.knownRegion(point)?.members,
      look: async (point) => (await this.look(point, ending)).members,
    })
    this.upkeep = new Upkeep({ ...deps, table, liveness: this.liveness, search: this.search, ending })
  }

  /** Answers other nodes. Call before the network starts. */
  serve(): void {
    this.deps.network.serve('ping', (_, from) => {
      this.onAsked(from)
      return {}
    })
    this.deps.network.serve('find', ({ target }, from) => {
      this.onAsked(from)
      return { contacts: this.table.balanced(target) }
    })
    this.hearsay.serve()
  }

  /** Begins keeping the table fresh. */
  start(): void {
    this.upkeep.start()
  }

  async stop(): Promise<void> {
    await this.upkeep.rememberPeers()
    this.ending.abort(new Failure('closed', 'this node is stopping'))
  }

  /**
   * Becomes part of the network that any of `bootstrap`, or the peers known from earlier runs, belong to. Returns how many
   * contacts it has then; 0 when nobody answered, which is no error for the first node of a network.
   */
  async join(bootstrap: readonly Contact[], signal?: AbortSignal): Promise<number> {
    await this.upkeep.join(bootstrap, signal)
    return this.table.size
  }

  /** The regions around the points, in their order. Rejects only when the signal is aborted, or this node stops. */
  async regions(points: readonly Point[], options: RegionOptions = {}): Promise<readonly Region[]> {
    const parallel = new Semaphore(REGIONS_PARALLEL)
    const view = this.view()
    return Promise.all(
      points.map(async (point) => {
        const known = this.knownRegion(point, view)
        if (known !== undefined) return known
        const release = await parallel.acquire(1, options.signal)
        try {
          return await (options.hearsay === true
            ? this.heardRegion(point, options.signal)
            : this.look(point, options.signal))
        } finally {
          release()
        }
      }),
    )
  }

  /**
   * Whether this node counts itself among the `count` nearest to the point, by its own table, or as near as so many honest nodes are
   * to be expected: whoever crowds the place next to a point takes nobody's part in its region away.
   */
  isAmongNearest(point: Point, count: number): boolean {
    const farthest = this.table.nearest(point, count)[count - 1]
    if (farthest === undefined || compareDistance(point, this.table.self, farthest.id) < 0) return true
    return distanceFraction(point, this.table.self) < (regionRadius(this.networkSize(), 0) * count) / REGION_SIZE
  }

  /** How many nodes this node knows to be nearer to a point than itself, counted up to `limit`. */
  rankAt(point: Point, limit: number): number {
    const nearer = this.table
      .nearest(point, limit)
      .findIndex(({ contact }) => compareDistance(point, this.table.self, contact.id) < 0)
    return nearer < 0 ? Math.min(limit, this.table.size) : nearer
  }

  /** Estimate of how many nodes the network has, this one included. */
  networkSize(): number {
    return this.search.networkSize()
  }

  /** For promises that a larger network would break: hardly ever below the true size. */
  networkSizeMax(): number {
    return this.search.networkSizeMax()
  }

  /**
   * Looks at once at as many places as a node otherwise looks at within its first hour, so that what it says of the network's size is
   * as exact as it gets. Returns soon where everybody is known or it has looked already. Rejects only when this node stops.
   */
  measureSize(): Promise<void> {
    return this.upkeep.measureSize()
  }

  get contactCount(): number {
    return this.table.size
  }

  /** Everybody in the table: who answered, and has not been missed since. */
  contactIds(): readonly NodeId[] {
    return this.table.all().map(({ contact }) => contact.id)
  }

  /** Departures noticed since the start. */
  get departureCount(): number {
    return this.liveness.departureCount
  }

  contacts(): readonly Contact[] {
    return this.table.all()
  }

  /** A connection from or to this peer stands. */
  onPeer(peer: Peer): void {
    const { addresses, contact, host } = peer
    if (addresses.length > 0) this.table.onAnswered(contact, this.deps.clock.now(), host)
  }

  /** Whether the table relies on this node. */
  isContact(id: NodeId): boolean {
    return this.table.get(id) !== undefined
  }

  /** The last connection to this peer broke: it may be gone, so ask. */
  onPeerLost(id: NodeId): void {
    const contact = this.table.get(id)
    if (contact !== undefined) void this.liveness.probe(contact)
  }

  /** A request of a layer above failed; only silence says something about the peer's life. */
  onRequestFailed(contact: Contact, error: unknown): void {
    if (isFailure(error, 'unreachable') || isFailure(error, 'timed-out')) void this.liveness.probe(contact)
  }

  private view(): NetworkView {
    return { size: this.networkSize(), lyingShare: this.search.lyingShare() }
  }

  private knownRegion(point: Point, view = this.view()): Region | undefined {
    const nearest = this.table.nearestIfComplete(point, REGION_SIZE)
    if (nearest === undefined || nearest.length === 0) return undefined
    return this.region(point, { closest: nearest, silent: [] }, view)
  }

  private async look(point: Point, signal?: AbortSignal): Promise<Region> {
    const region = this.region(point, await this.search.lookup(point, signal), this.view())
    this.hearsay.onLooked(point, region.members)
    return region
  }

  private async heardRegion(point: Point, signal?: AbortSignal): Promise<Region> {
    const members = await orAborted(this.hearsay.members(point), signal)
    const departed = this.table.departedNear(point, members[REGION_SIZE - 1]?.id, this.deps.clock.now())
    return { point, members, silent: departed, isHearsay: true }
  }

  private region(
    point: Point,
    { closest, silent }: Pick<LookupResult, 'closest' | 'silent'>,
    view: NetworkView,
  ): Region {
    const found = [...closest, this.deps.network.self].sort((a, b) => compareDistance(point, a.id, b.id))
    const members = membersOf(point, found, view)
    const farthest = found[REGION_SIZE - 1]?.id
    const departed = this.table.departedNear(point, farthest, this.deps.clock.now())
    const absent = new Map([...silent, ...departed].map((contact) => [contact.id, contact]))
    return { point, members, silent: [...absent.values()], isHearsay: false }
  }

  /** Whoever asks is alive, also when it was taken for gone. */
  private onAsked(from: Peer): void {
    if (this.table.get(from.id) === undefined) this.onPeer(from)
  }
}

/** What a region depends on besides its nodes. */
interface NetworkView {
  readonly size: number
  readonly lyingShare: number
}
