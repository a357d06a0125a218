/**
 * What keeps a node in the network: joining, keep-alives, refresh walks, feelers, and coming back after a partition or a full stop.
 * Each round is a few requests, whatever the size of the network.
 */
import { present } from '../base/assert.ts'
import { ID_BYTES, parseId, type Point } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Random } from '../ports/random.ts'
import type { Network } from '../ports/network.ts'
import type { Rendezvous } from '../ports/rendezvous.ts'
import type { StateStore } from '../ports/stateStore.ts'
import type { Messages } from '../wire/messages.ts'
import {
  AUDIT_ODDS,
  FEELER_MS,
  KEEP_ALIVE_MS,
  KEEP_ALIVES_PER_ROUND,
  LOST_ODDS,
  QUIET_MS,
  REFRESH_MS,
  REGION_SIZE,
  SIZE_SAMPLES,
  SOUNDINGS,
} from './limits.ts'
import { passOver, type Liveness } from './liveness.ts'
import { loadPeers, savePeers } from './peerCache.ts'
import type { RoutingTable } from './routingTable.ts'
import type { Search } from './search.ts'

export interface UpkeepDeps {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network<Messages>
  readonly state: StateStore
  readonly rendezvous?: Rendezvous
  readonly table: RoutingTable
  readonly liveness: Liveness
  readonly search: Search
  /** Aborted when the node stops. */
  readonly ending: AbortSignal
}

export class Upkeep {
  private readonly deps: UpkeepDeps
  private bootstrap: readonly Contact[] = []
  private hasSettled = false
  private hasExplored = false
  private readonly soundings: Promise<void>[] = []

  constructor(deps: UpkeepDeps) {
    this.deps = deps
  }

  start(): void {
    void this.every(KEEP_ALIVE_MS, () => this.keepAlive())
    void this.every(REFRESH_MS, () => this.refresh())
    void this.every(FEELER_MS, () => this.feel())
  }

  async join(bootstrap: readonly Contact[], signal?: AbortSignal): Promise<void> {
    const { state, table, liveness } = this.deps
    this.bootstrap = bootstrap
    const remembered = await loadPeers(state)
    table.recall(remembered)
    const strangers = [...bootstrap, ...remembered].filter(({ id }) => table.get(id) === undefined)
    await Promise.all(strangers.map((contact) => liveness.probe(contact)))
    if (table.size < REGION_SIZE) await this.meet()
    if (table.size > 0) await this.explore(signal)
  }

  /** Leaves word at the rendezvous and asks some of those who did. A place that cannot be reached is one way less, no more. */
  private async meet(): Promise<void> {
    const { rendezvous, network, liveness } = this.deps
    if (rendezvous === undefined) return
    const others = await rendezvous.find().catch(none)
    await rendezvous.announce(network.self).catch(passOver)
    await Promise.all(others.map((contact) => liveness.probe(contact)))
  }

  /** A disk that is full or broken does not keep a node off the network. */
  async rememberPeers(): Promise<void> {
    const { state, table } = this.deps
    await savePeers(state, table.nearest(table.self, Number.MAX_SAFE_INTEGER)).catch(passOver)
  }

  private async keepAlive(): Promise<void> {
    const { table, ending } = this.deps
    if (table.size === 0 || !this.hasSettled) {
      // Nodes that start together know little of one another when they join, so each joins again soon after.
      await this.join(this.bootstrap, ending)
      this.hasSettled = table.size > 0
    }
    // Where one has gone without a word others may have, so go on at once.
    let isCalm = false
    while (!isCalm) isCalm = await this.checkQuiet()
    await this.probeCandidates()
    await this.probeDeparted()
    await this.sound()
  }

  /** Asks those not heard from for longest whether they are there; true when all of them are. */
  private async checkQuiet(): Promise<boolean> {
    const { table, liveness, clock } = this.deps
    const before = liveness.departureCount
    const quiet = table.quietSince(clock.now() - QUIET_MS, KEEP_ALIVES_PER_ROUND)
    await Promise.all(quiet.map((contact) => liveness.probe(contact)))
    return quiet.length === 0 || liveness.departureCount === before
  }

  /** Proves those that were only mentioned, where the table has room for them. */
  private async probeCandidates(): Promise<void> {
    const { table, liveness } = this.deps
    await Promise.all(table.candidates(REGION_SIZE).map((contact) => liveness.probe(contact)))
  }

  /** Asks one of those that are gone. If it is back, others are: a partition has healed. */
  private async probeDeparted(): Promise<void> {
    const { table, liveness, clock, random, ending } = this.deps
    const departed = random.integer(LOST_ODDS) === 0 ? table.everLost() : table.recentlyDeparted(clock.now())
    if (departed.length === 0) return
    const contact = present(departed[random.integer(departed.length)], 'one of the departed')
    await liveness.probe(contact)
    if (table.get(contact.id) !== undefined) await this.explore(ending)
  }

  /**
   * Looks at once at as many random places as the size estimate keeps, for who needs it before refreshes have seen to that. Rejects
   * only when this node stops.
   */
  async measureSize(): Promise<void> {
    const { table } = this.deps
    while (this.soundings.length < SIZE_SAMPLES && table.exactSize() === undefined) this.look().catch(passOver)
    await Promise.all(this.soundings)
  }

  /** Looks at one random place more, until there are enough to tell from how large the network is and whether many lie in it. */
  private async sound(): Promise<void> {
    if (this.soundings.length < SOUNDINGS && this.deps.table.exactSize() === undefined) await this.look()
  }

  private async look(): Promise<void> {
    const { search, ending } = this.deps
    const point = this.randomPoint()
    const isAudit = this.soundings.length < SOUNDINGS
    const looking = (isAudit ? search.audit(point, ending) : search.walk(point, ending)).then(() => undefined)
    this.soundings.push(looking)
    await looking
  }

  private async refresh(): Promise<void> {
    const { search, random, ending } = this.deps
    // Also where all seems well: half a network that knows nothing of the other half thinks so.
    await this.meet()
    const isAudit = random.integer(AUDIT_ODDS) === 0
    await (isAudit ? search.audit(this.randomPoint(), ending) : search.walk(this.randomPoint(), ending))
    await this.explore(ending)
  }

  /** Tries one that was only mentioned: a table that fills up with hearsay is no table. */
  private async feel(): Promise<void> {
    const { table, liveness, random } = this.deps
    const untried = table.untried(random.integer(2 ** 30))
    if (untried !== undefined) await liveness.probe(untried)
  }

  /**
   * Meets the neighbours. If some of them are new, or it is the first time, then also somebody in each part of the space of which the
   * table could hold more.
   */
  private async explore(signal: AbortSignal | undefined): Promise<void> {
    const { table, search, random } = this.deps
    const before = new Set(table.nearest(table.self, REGION_SIZE).map(({ id }) => id))
    const { closest, reach } = await search.walkNearby(table.self, signal)
    if (closest.length === 0) return
    const isNew = closest.slice(0, REGION_SIZE).some(({ id }) => !before.has(id))
    if (isNew || !this.hasExplored) {
      const buckets = reach === undefined ? [] : table.bucketsWithRoom(reach)
      const points = buckets.map((bits) => table.pointIn(bits, random.bytes(ID_BYTES)))
      await Promise.all(points.map((point) => search.walkNearby(point, signal)))
      this.hasExplored = true
    }
    await this.probeCandidates()
    await this.rememberPeers()
  }

  private randomPoint(): Point {
    return present(parseId<Point>(this.deps.random.bytes(ID_BYTES)), 'a random id')
  }

  /** Runs `work` again and again until this node stops; one failed round does not end the next. */
  private async every(periodMs: number, work: () => Promise<void>): Promise<void> {
    const { clock, random, ending } = this.deps
    while (!ending.aborted) {
      // Nodes that started together must not act together for ever.
      const jitterMs = random.integer(Math.ceil(periodMs / 4))
      await clock.sleep(periodMs - jitterMs, ending).catch(passOver)
      if (!ending.aborted) await work().catch(passOver)
    }
  }
}

function none(error: unknown): readonly Contact[] {
  passOver(error)
  return []
}
