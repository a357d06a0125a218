/**
 * Regions from others, so that a crowd around one point spreads over the whole network. A node that does not know a region asks one
 * contact that is nearer to it than itself, any of those that are; that one answers from memory or asks in turn, and passes on
 * one question at a time however many wait for the answer. So every node on the way keeps a copy, none is asked by more than a few
 * others, and the nodes of the region are asked once for all (Coral's caches along the path, Freedman et al., NSDI 2004, with
 * its spill-back taken to the end). What is heard this way may be stale or a lie: for reading only, where what is read proves itself.
 */
import { present } from '../base/assert.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { commonPrefixBits, compareDistance, type Point } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import {
  HEARSAY_BITS_NEARER,
  HEARSAY_FOR_OTHERS_MAX,
  HEARSAY_HOP_MS,
  HEARSAY_KEPT_MAX,
  HEARSAY_KEPT_MS,
  HEARSAY_MS,
} from './limits.ts'
import type { Liveness } from './liveness.ts'
import type { RoutingTable } from './routingTable.ts'

export interface HearsayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network<Messages>
  readonly table: RoutingTable
  readonly liveness: Liveness
  /** The members of a region, from the table alone; undefined where it does not know them all. */
  readonly known: (point: Point) => readonly Contact[] | undefined
  /** The members of a region, looked up. */
  readonly look: (point: Point) => Promise<readonly Contact[]>
}

interface Heard {
  readonly members: readonly Contact[]
  /** When somebody looked. */
  readonly seenMs: number
}

export class Hearsay {
  private readonly deps: HearsayDeps
  /** The least recently used first. */
  private readonly kept = new Map<Point, Heard>()
  private readonly asking = new Map<Point, Promise<Heard>>()
  private forOthers = 0

  constructor(deps: HearsayDeps) {
    this.deps = deps
  }

  serve(): void {
    this.deps.network.serve('region', async ({ target, withinMs }) => {
      const { members, seenMs } = await this.answer(target, Math.min(withinMs, HEARSAY_MS))
      const ageMs = Math.round(this.deps.clock.now() - seenMs)
      return { ageMs, members: members.slice(0, CONTACTS_MAX).map(({ id, addresses }) => ({ id, addresses })) }
    })
  }

  /** Nearest first. Rejects as a lookup does. */
  async members(point: Point): Promise<readonly Contact[]> {
    return (await this.find(point, HEARSAY_MS)).members
  }

  /** This node has looked itself. */
  onLooked(point: Point, members: readonly Contact[]): void {
    this.keep(point, { members, seenMs: this.deps.clock.now() })
  }

  private answer(point: Point, withinMs: number): Heard | Promise<Heard> {
    const heard = this.recall(point)
    if (heard !== undefined) return heard
    if (this.forOthers >= HEARSAY_FOR_OTHERS_MAX && !this.asking.has(point)) {
      throw new Failure('busy', 'this node looks for many regions on behalf of others already; ask somebody else')
    }
    this.forOthers++
    return this.find(point, withinMs).finally(() => this.forOthers--)
  }

  private find(point: Point, withinMs: number): Promise<Heard> {
    const heard = this.recall(point)
    if (heard !== undefined) return Promise.resolve(heard)
    const underWay = this.asking.get(point)
    if (underWay !== undefined) return underWay
    const asking = this.ask(point, withinMs).finally(() => this.asking.delete(point))
    this.asking.set(point, asking)
    return asking
  }

  private async ask(point: Point, withinMs: number): Promise<Heard> {
    const heard = (await this.hearFromNearer(point, withinMs)) ?? {
      members: await this.deps.look(point),
      seenMs: this.deps.clock.now(),
    }
    this.keep(point, heard)
    return heard
  }

  /** Undefined when nobody nearer is known, there is no time for it, or the one asked has nothing to say. */
  private async hearFromNearer(point: Point, withinMs: number): Promise<Heard | undefined> {
    const { network, clock, liveness } = this.deps
    const nearer = withinMs < 2 * HEARSAY_HOP_MS ? undefined : this.someoneNearer(point)
    if (nearer === undefined) return undefined
    try {
      const request = { target: point, withinMs: withinMs - HEARSAY_HOP_MS }
      const { ageMs, members } = await network.request(nearer, 'region', request, { timeoutMs: withinMs })
      if (members.length === 0 || ageMs > HEARSAY_KEPT_MS) return undefined
      return { members, seenMs: clock.now() - ageMs }
    } catch (error) {
      if (!isFailure(error)) throw error
      if (error.code === 'timed-out' || error.code === 'unreachable') void liveness.probe(nearer)
      return undefined
    }
  }

  /** Any contact that is some bits nearer to the point than this node; else the nearest, if it is nearer at all. */
  private someoneNearer(point: Point): Contact | undefined {
    const { table, random } = this.deps
    const nearest = table.nearest(point, CONTACTS_MAX)
    const bits = commonPrefixBits(table.self, point) + HEARSAY_BITS_NEARER
    const much = nearest.filter(({ id }) => commonPrefixBits(id, point) >= bits)
    if (much.length > 0) return present(much[random.integer(much.length)], 'one of them')
    const [first] = nearest
    return first !== undefined && compareDistance(point, first.id, table.self) < 0 ? first : undefined
  }

  private recall(point: Point): Heard | undefined {
    const known = this.deps.known(point)
    if (known !== undefined) return { members: known, seenMs: this.deps.clock.now() }
    const heard = this.kept.get(point)
    if (heard === undefined) return undefined
    this.kept.delete(point)
    if (this.deps.clock.now() - heard.seenMs > HEARSAY_KEPT_MS) return undefined
    this.kept.set(point, heard)
    return heard
  }

  private keep(point: Point, heard: Heard): void {
    this.kept.delete(point)
    this.kept.set(point, heard)
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= HEARSAY_KEPT_MAX) break
      this.kept.delete(oldest)
    }
  }
}
