/**
 * Finding nodes: joining, looking up, naming the nodes of a region, noticing departures. The layers above know only `regions`,
 * `networkSize` and contacts; machines (routingTable, lookup) decide, the flows here ask and tell them.
 */
import { present } from '../base/assert.ts'
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import { compareDistance, ID_BYTES, parseId, type NodeId, type Point } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { deferred } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network, Peer } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import {
  FIND_MS,
  KEEP_ALIVE_MS,
  KEEP_ALIVES_PER_ROUND,
  PING_MS,
  QUIET_MS,
  REFRESH_MS,
  REGION_SIZE,
  REGIONS_PARALLEL,
} from './limits.ts'
import { Lookup, type LookupResult } from './lookup.ts'
import { loadPeers, savePeers } from './peerCache.ts'
import { RoutingTable } from './routingTable.ts'

/** The live nodes around a point, this node included where it belongs. */
export interface Region {
  readonly point: Point
  /** Nearest first, at most REGION_SIZE. */
  readonly members: readonly Contact[]
  /** Nodes as near as those which did not answer or have left within the hour: they may hold what members lack. */
  readonly silent: readonly Contact[]
}

export interface OverlayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network<Messages>
  readonly state: StateStore
}

export class Overlay {
  private readonly deps: OverlayDeps
  private readonly table: RoutingTable
  private readonly ending = new AbortController()
  private readonly probing = new Set<NodeId>()
  private bootstrap: readonly Contact[] = []
  private hasSettled = false
  private departures = 0

  constructor(deps: OverlayDeps) {
    this.deps = deps
    this.table = new RoutingTable(deps.network.self.id)
  }

  /** Answers other nodes. Call before the network starts. */
  serve(): void {
    this.deps.network.serve('ping', (_, from) => {
      this.onAsked(from)
      return {}
    })
    this.deps.network.serve('find', ({ target }, from) => {
      this.onAsked(from)
      return { contacts: this.table.nearest(target, CONTACTS_MAX).map(({ id, addresses }) => ({ id, addresses })) }
    })
  }

  /** Begins keeping the table fresh. */
  start(): void {
    void this.every(KEEP_ALIVE_MS, () => this.keepAlive())
    void this.every(REFRESH_MS, () => this.refresh())
  }

  async stop(): Promise<void> {
    await this.rememberPeers()
    this.ending.abort(new Failure('closed', 'this node is stopping'))
  }

  /**
   * Becomes part of the network that any of `bootstrap`, or the peers known from earlier runs, belong to. Returns how many
   * contacts it has then; 0 when nobody answered, which is no error for the first node of a network.
   */
  async join(bootstrap: readonly Contact[], signal?: AbortSignal): Promise<number> {
    this.bootstrap = bootstrap
    const remembered = await loadPeers(this.deps.state)
    await Promise.all([...bootstrap, ...remembered].map((contact) => this.probe(contact)))
    if (this.table.size > 0) await this.explore(signal)
    return this.table.size
  }

  /** The regions around the points, in their order. Rejects only when the signal is aborted. */
  async regions(points: readonly Point[], signal?: AbortSignal): Promise<readonly Region[]> {
    const parallel = new Semaphore(REGIONS_PARALLEL)
    return Promise.all(
      points.map(async (point) => {
        const known = this.knownRegion(point)
        if (known !== undefined) return known
        const release = await parallel.acquire(1, signal)
        try {
          return this.region(point, await this.lookup(point, signal))
        } finally {
          release()
        }
      }),
    )
  }

  /** Whether this node counts itself among the `count` nearest to the point, by its own table. */
  isAmongNearest(point: Point, count: number): boolean {
    const farthest = this.table.nearest(point, count)[count - 1]
    return farthest === undefined || compareDistance(point, this.table.self, farthest.id) < 0
  }

  /** Estimate of how many nodes the network has, this one included. */
  networkSize(): number {
    return this.table.sizeEstimate()
  }

  get contactCount(): number {
    return this.table.size
  }

  /** Departures noticed since the start. */
  get departureCount(): number {
    return this.departures
  }

  contacts(): readonly Contact[] {
    return this.table.all()
  }

  /** A connection from or to this peer stands. */
  onPeer(peer: Peer): void {
    if (peer.addresses.length > 0) this.table.onAnswered(peer, this.deps.clock.now())
  }

  /** The last connection to this peer broke: it may be gone, so ask. */
  onPeerLost(id: NodeId): void {
    const contact = this.table.get(id)
    if (contact !== undefined) void this.probe(contact)
  }

  /** A request of a layer above failed; only silence says something about the peer's life. */
  onRequestFailed(contact: Contact, error: unknown): void {
    if (isFailure(error, 'unreachable') || isFailure(error, 'timed-out')) void this.probe(contact)
  }

  private knownRegion(point: Point): Region | undefined {
    const nearest = this.table.nearestIfComplete(point, REGION_SIZE)
    if (nearest === undefined || nearest.length === 0) return undefined
    return this.region(point, { closest: nearest, silent: [] })
  }

  private async lookup(target: Point, signal?: AbortSignal): Promise<LookupResult> {
    const seeds = this.table.nearest(target, REGION_SIZE)
    const lookup = new Lookup({ target, self: this.table.self, seeds, count: REGION_SIZE })
    let changed = deferred<void>()
    for (;;) {
      if (signal?.aborted === true) throw abortFailure(signal)
      const step = lookup.next()
      if (step.kind === 'done') {
        this.noteExplored(target, step)
        return step
      }
      if (step.kind === 'wait') {
        await changed.promise
        changed = deferred<void>()
        continue
      }
      void this.ask(lookup, step.contact, signal).then(() => {
        changed.resolve()
      })
    }
  }

  private async ask(lookup: Lookup, contact: Contact, signal?: AbortSignal): Promise<void> {
    try {
      const options = signal === undefined ? { timeoutMs: FIND_MS } : { timeoutMs: FIND_MS, signal }
      const { contacts } = await this.deps.network.request(contact, 'find', { target: lookup.target }, options)
      this.onAnswer(contact)
      for (const mentioned of contacts) this.table.onMentioned(mentioned)
      lookup.onReply(contact.id, contacts)
    } catch (error) {
      if (!isFailure(error)) throw error
      lookup.onFailure(contact.id)
      // A caller that gives up says nothing about the peer.
      if (signal?.aborted !== true) this.onSilence(contact, error)
    }
  }

  /** What an empty table finds says nothing about the space. */
  private noteExplored(target: Point, { closest, exhaustive, reach }: LookupResult): void {
    if (exhaustive && closest.length > 0) this.table.onExplored(target, reach)
  }

  private region(point: Point, found: Pick<LookupResult, 'closest' | 'silent'>): Region {
    const members = [...found.closest, this.deps.network.self]
      .sort((a, b) => compareDistance(point, a.id, b.id))
      .slice(0, REGION_SIZE)
    const farthest = members.length < REGION_SIZE ? undefined : members.at(-1)?.id
    const departed = this.table.departedNear(point, farthest, this.deps.clock.now())
    const silent = new Map([...found.silent, ...departed].map((contact) => [contact.id, contact]))
    return { point, members, silent: [...silent.values()] }
  }

  /** Asks the contact whether it is there; the table learns the answer. */
  private async probe(contact: Contact): Promise<void> {
    if (contact.id === this.table.self || this.probing.has(contact.id)) return
    this.probing.add(contact.id)
    try {
      await this.deps.network.request(contact, 'ping', {}, { timeoutMs: PING_MS, signal: this.ending.signal })
      this.onAnswer(contact)
    } catch (error) {
      if (!isFailure(error)) throw error
      this.onSilence(contact, error)
    } finally {
      this.probing.delete(contact.id)
    }
  }

  /** The addresses that a peer gave itself are better than those under which others mentioned it. */
  private onAnswer(contact: Contact): void {
    this.table.onAnswered(this.table.get(contact.id) ?? contact, this.deps.clock.now())
  }

  /** Whoever asks is alive, also when it was taken for gone. */
  private onAsked(from: Peer): void {
    if (this.table.get(from.id) === undefined) this.onPeer(from)
  }

  private onSilence(contact: Contact, error: Failure): void {
    if (isFailure(error, 'closed') || isFailure(error, 'busy')) return
    const known = this.table.get(contact.id)
    this.table.onCandidateFailed(contact.id)
    if (known === undefined) return
    this.departures++
    for (const candidate of this.table.onDeparted(contact.id, this.deps.clock.now())) void this.probe(candidate)
  }

  private async keepAlive(): Promise<void> {
    if (this.table.size === 0 || !this.hasSettled) await this.joinAgain()
    // Where one has gone without a word others may have, so go on at once.
    let isCalm = false
    while (!isCalm) isCalm = await this.checkQuiet()
    await this.probeCandidates()
    await this.probeDeparted()
  }

  /** Nodes that start together know little of one another when they join, so each joins again soon after. */
  private async joinAgain(): Promise<void> {
    this.hasSettled = (await this.join(this.bootstrap, this.ending.signal)) > 0
  }

  /** Asks those not heard from for longest whether they are there; true when all of them are. */
  private async checkQuiet(): Promise<boolean> {
    const before = this.departures
    const quiet = this.table.quietSince(this.deps.clock.now() - QUIET_MS, KEEP_ALIVES_PER_ROUND)
    await Promise.all(quiet.map((contact) => this.probe(contact)))
    return quiet.length === 0 || this.departures === before
  }

  /** Proves those that were only mentioned, where the table has room for them. */
  private async probeCandidates(): Promise<void> {
    await Promise.all(this.table.candidates(REGION_SIZE).map((contact) => this.probe(contact)))
  }

  /** Asks one of those that are gone. If it is back, others are: a partition has healed. */
  private async probeDeparted(): Promise<void> {
    const departed = this.table.recentlyDeparted(this.deps.clock.now())
    if (departed.length === 0) return
    const contact = present(departed[this.deps.random.integer(departed.length)], 'one of the departed')
    await this.probe(contact)
    if (this.table.get(contact.id) !== undefined) await this.explore(this.ending.signal)
  }

  private async refresh(): Promise<void> {
    await this.lookup(present(parseId(this.deps.random.bytes(ID_BYTES)), 'a random id'), this.ending.signal)
    await this.explore(this.ending.signal)
  }

  /** Meets the neighbours, then somebody in each part of the space of which the table could hold more. */
  private async explore(signal: AbortSignal | undefined): Promise<void> {
    const { closest, reach } = await this.lookup(this.table.self, signal)
    if (closest.length === 0) return
    const buckets = reach === undefined ? [] : this.table.bucketsWithRoom(reach)
    const points = buckets.map((bits) => this.table.pointIn(bits, this.deps.random.bytes(ID_BYTES)))
    await Promise.all(points.map((point) => this.lookup(point, signal)))
    await this.probeCandidates()
    await this.rememberPeers()
  }

  /** A disk that is full or broken does not keep a node off the network. */
  private async rememberPeers(): Promise<void> {
    await savePeers(this.deps.state, this.table.nearest(this.table.self, Number.MAX_SAFE_INTEGER)).catch(passOver)
  }

  /** Runs `work` again and again until this node stops; one failed round does not end the next. */
  private async every(periodMs: number, work: () => Promise<void>): Promise<void> {
    const { clock, random } = this.deps
    while (!this.ending.signal.aborted) {
      // Nodes that started together must not act together for ever.
      const jitterMs = random.integer(Math.ceil(periodMs / 4))
      await clock.sleep(periodMs - jitterMs, this.ending.signal).catch(passOver)
      if (!this.ending.signal.aborted) await work().catch(passOver)
    }
  }
}

/** Failures of the world pass; a defect does not. */
function passOver(error: unknown): void {
  if (!isFailure(error)) throw error
}
