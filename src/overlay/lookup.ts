/**
 * One search for the nodes closest to a target. It begins as in the Kademlia paper: ask the nearest known, learn nearer ones, until
 * the nearest have all answered. When what it hears does not fit the network's size, or when nodes keep quiet about others, it
 * goes on by prefix shell: so many nodes of each shell between here and the target, named by as many different nodes as possible,
 * more of them the more lie. Told of replies and failures; says whom to ask next. docs/adr/0007 has the reasons.
 * Absent on purpose: sockets, timers, the routing table. The overlay owns those.
 */
import { commonPrefixBits, compareDistance, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'
import { Candidates, type Candidate } from './candidates.ts'
import { evidenceOf, type Evidence } from './evidence.ts'
import {
  CORE_MAX,
  CROWDED_WIDENING,
  LOOKUP_PARALLEL,
  LOOKUP_PARALLEL_MAX,
  LOOKUP_REQUESTS_MAX,
  NEAREST_REQUESTS_MAX,
  REGION_SIZE,
  SHELLS_BEFORE_REGION,
  STRATA,
  WITHIN_RADIUS_MAX,
} from './limits.ts'
import { coreShell, regionRadius, shellMax, shellOfRadius } from './shells.ts'

export type LookupStep =
  | { readonly kind: 'ask'; readonly contact: Contact }
  /** Nothing to do until a reply or failure comes. */
  | { readonly kind: 'wait' }
  | LookupResult

export interface LookupResult {
  readonly kind: 'done'
  /** Those that answered, nearest first. */
  readonly closest: readonly Contact[]
  /** Those that did not, though they would be among the closest. */
  readonly silent: readonly Contact[]
  /** Nobody was heard of who is nearer and was not asked: the lookup did not end for having asked too many, or for its deadline. */
  readonly exhaustive: boolean
  /**
   * The farthest that replies can be trusted to reach: the silent crowd out the living in them. Every live node nearer than this was
   * met, if the lookup was exhaustive; without one, every live node there is.
   */
  readonly reach: NodeId | undefined
  /** Share of the nodes next to the target that kept quiet about others; undefined where too few say. */
  readonly lyingShare: number | undefined
}

export interface LookupOptions {
  readonly target: Point
  readonly self: NodeId
  /** Our own contacts nearest to the target. */
  readonly seeds: readonly Contact[]
  /** All our contacts, for a search by shell. */
  readonly contacts: () => readonly Contact[]
  /** How many nodes the network has, as far as we know. */
  readonly networkSize: number
  /** The share of liars that earlier lookups have met. */
  readonly suspectedShare: number
  /** At most so many nodes of each shell, however many lie: what keeps tables fresh need not be certain. */
  readonly quotaMax?: number
  /** Searches by shell even when all seems well: liars who have captured a search from its first step on look like a network in order. */
  readonly isAudit?: boolean
  /** Somebody waits for it: the last of the region are asked all at once. */
  readonly isUrgent?: boolean
  readonly deadlineMs: number
}

export class Lookup {
  readonly target: Point
  private readonly options: LookupOptions
  private readonly candidates: Candidates
  private readonly radius: number
  private asking = 0
  private askedCount = 0
  private failedCount = 0
  private nearestAskedCount = 0
  /** Nodes of each shell to be met; 0 while the search is nearest first. */
  private quota = 0
  private hasExpired = false

  constructor(options: LookupOptions) {
    this.options = options
    this.target = options.target
    this.candidates = new Candidates(options.target, options.self)
    this.radius = regionRadius(options.networkSize, options.suspectedShare)
    for (const seed of options.seeds) this.candidates.add(seed)
  }

  /** Requests made so far. */
  get requestCount(): number {
    return this.askedCount
  }

  /** `nowMs` is the time of the clock that the deadline is of. */
  next(nowMs: number): LookupStep {
    this.hasExpired = nowMs >= this.options.deadlineMs
    for (;;) {
      const candidate = this.mayAsk() ? (this.nearestInSight() ?? this.nextByShell()) : undefined
      if (candidate !== undefined) return this.ask(candidate)
      if (this.asking > 0) return { kind: 'wait' }
      const evidence = evidenceOf(this.candidates, this.options.networkSize)
      if (this.hasExpired || !this.escalates(evidence)) return this.done(evidence)
    }
  }

  /** Those of whom the search has not heard before. */
  onReply(from: NodeId, closer: readonly Contact[]): readonly Contact[] {
    const candidate = this.settle(from, 'answered')
    if (candidate === undefined) return []
    candidate.named = closer.slice(0, CONTACTS_MAX)
    return candidate.named.filter((contact) => this.candidates.add(contact, candidate))
  }

  onFailure(from: NodeId): void {
    if (this.settle(from, 'failed') !== undefined) this.failedCount++
  }

  private mayAsk(): boolean {
    if (this.hasExpired || this.askedCount >= LOOKUP_REQUESTS_MAX) return false
    if (this.quota > 0 || (this.options.isUrgent === true && this.nearestHaveAnswered()))
      return this.asking < LOOKUP_PARALLEL_MAX
    // Whoever meets silence waits for it in parallel.
    return this.asking < Math.min(LOOKUP_PARALLEL + (this.failedCount >> 1), LOOKUP_PARALLEL_MAX)
  }

  /** No answer brings anybody nearer any more; the Kademlia paper then asks all who are left of the region. */
  private nearestHaveAnswered(): boolean {
    let count = 0
    for (const { state } of this.candidates.all) {
      if (state === 'failed') continue
      if (state !== 'answered') return false
      if (++count >= LOOKUP_PARALLEL) return true
    }
    return false
  }

  private ask(candidate: Candidate): LookupStep {
    this.candidates.onAsked(candidate.contact.id)
    this.asking++
    this.askedCount++
    return { kind: 'ask', contact: candidate.contact }
  }

  private settle(from: NodeId, state: 'answered' | 'failed'): Candidate | undefined {
    const candidate = this.candidates.onSettled(from, state)
    if (candidate !== undefined) this.asking--
    return candidate
  }

  /** The nearest not asked yet among the nearest REGION_SIZE that have not failed, and among those within the region's radius. */
  private nearestInSight(): Candidate | undefined {
    // Nodes that are ever nearer are somebody's invention, and a search by shell has other things to do.
    const askedMax = this.quota === 0 ? NEAREST_REQUESTS_MAX : 2 * NEAREST_REQUESTS_MAX
    if (this.nearestAskedCount >= askedMax) return undefined
    let count = 0
    for (const each of this.candidates.all) {
      if (each.state === 'failed') continue
      const isInSight = count < REGION_SIZE || (count < WITHIN_RADIUS_MAX && each.distance < this.radius)
      if (!isInSight) return undefined
      if (each.state === 'known') {
        this.nearestAskedCount++
        return each
      }
      count++
    }
    return undefined
  }

  /** From the outermost shell that is short of answers: one of our own contacts, or one named by whom we have heeded least. */
  private nextByShell(): Candidate | undefined {
    if (this.quota === 0) return undefined
    const { networkSize, self } = this.options
    const outermost = shellOfRadius(this.radius * CROWDED_WIDENING)
    const core = coreShell(networkSize)
    const first = Math.min(commonPrefixBits(self, this.target), Math.max(0, outermost - SHELLS_BEFORE_REGION))
    for (let shell = first; shell < core; shell++) {
      const quota = shell < outermost ? this.quota : Math.max(this.quota, shellMax(shell, networkSize))
      const candidate = this.nextInShell(shell, quota)
      if (candidate !== undefined) return candidate
    }
    return this.nextOfCore(core)
  }

  private nextInShell(shell: number, quota: number): Candidate | undefined {
    const { metCount = 0, waiting = [] } = this.candidates.shell(shell) ?? {}
    if (metCount >= quota) return undefined
    let best: Candidate | undefined
    for (const each of waiting) if (best === undefined || heededFor(each) < heededFor(best)) best = each
    if (best?.nominator !== undefined) best.nominator.heeded++
    return best
  }

  /** The nodes nearer than one is to be expected; if there are more of them than chance allows, others matter more. */
  private nextOfCore(core: number): Candidate | undefined {
    let met = 0
    for (const each of this.candidates.all) {
      if (each.shell < core || met >= 2 * CORE_MAX) return undefined
      if (each.state === 'known') return each
      if (each.state !== 'failed') met++
    }
    return undefined
  }

  /** Whether the search goes on, with more nodes of each shell. */
  private escalates({ isSparse, isCrowded, lyingShare = 0 }: Evidence): boolean {
    const share = Math.max(lyingShare, this.options.suspectedShare)
    const isOdd = isSparse || isCrowded || this.nearestInSightIsLeft() || this.options.isAudit === true
    const wanted = STRATA.findLast((stratum, nth) => share >= stratum.lyingShare || (nth === 0 && isOdd))?.quota ?? 0
    const quota = Math.min(wanted, this.options.quotaMax ?? wanted)
    if (quota <= this.quota || this.askedCount >= LOOKUP_REQUESTS_MAX) return false
    if (this.quota === 0) {
      this.candidates.admitFar()
      for (const contact of this.options.contacts()) this.candidates.add(contact)
    }
    this.quota = quota
    return true
  }

  private nearestInSightIsLeft(): boolean {
    let count = 0
    for (const each of this.candidates.all) {
      if (each.state === 'failed') continue
      if (each.state === 'known') return true
      if (++count >= REGION_SIZE) return false
    }
    return false
  }

  private done(evidence: Evidence): LookupResult {
    const { all } = this.candidates
    const answered = all.filter((each) => each.state === 'answered')
    const last = answered[REGION_SIZE - 1]
    const isNear = (each: Candidate): boolean =>
      last === undefined || compareDistance(this.target, each.contact.id, last.contact.id) < 0
    return {
      kind: 'done',
      closest: answered.map((each) => each.contact),
      silent: all.filter((each) => each.state === 'failed' && isNear(each)).map((each) => each.contact),
      reach: all[REGION_SIZE - 1]?.contact.id,
      exhaustive: !this.nearestInSightIsLeft(),
      lyingShare: evidence.lyingShare,
    }
  }
}

/** Our own contacts before all others. */
function heededFor({ nominator }: Candidate): number {
  return nominator === undefined ? -1 : nominator.heeded
}
