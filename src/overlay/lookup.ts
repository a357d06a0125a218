/**
 * One search for the nodes closest to a target, as in the Kademlia paper: ask the nearest known, learn nearer ones, until the
 * nearest `count` have all answered. Told of replies and failures; says whom to ask next.
 * Absent on purpose: sockets, timers, the routing table. The overlay owns those.
 */
import { compareDistance, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'
import { LOOKUP_PARALLEL, LOOKUP_REQUESTS_MAX } from './limits.ts'

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
  /** Nobody was heard of who is nearer and was not asked: the lookup did not end for having asked too many. */
  readonly exhaustive: boolean
  /**
   * The farthest that replies can be trusted to reach: the silent crowd out the living in them. Every live node nearer than this was
   * met, if the lookup was exhaustive; without one, every live node there is.
   */
  readonly reach: NodeId | undefined
}

type State = 'known' | 'asked' | 'answered' | 'failed'

interface Candidate {
  readonly contact: Contact
  state: State
}

export class Lookup {
  readonly target: Point
  private readonly count: number
  private readonly self: NodeId
  /** Nearest to the target first. */
  private readonly candidates: Candidate[] = []
  private readonly seen = new Set<NodeId>()
  private asking = 0
  private askedCount = 0

  constructor(options: {
    readonly target: Point
    readonly self: NodeId
    readonly seeds: readonly Contact[]
    readonly count: number
  }) {
    this.target = options.target
    this.count = options.count
    this.self = options.self
    for (const seed of options.seeds) this.add(seed)
  }

  /** Requests made so far. */
  get requestCount(): number {
    return this.askedCount
  }

  next(): LookupStep {
    if (this.asking < LOOKUP_PARALLEL && this.askedCount < LOOKUP_REQUESTS_MAX) {
      const candidate = this.inSight().find((each) => each.state === 'known')
      if (candidate !== undefined) {
        candidate.state = 'asked'
        this.asking++
        this.askedCount++
        return { kind: 'ask', contact: candidate.contact }
      }
    }
    return this.asking > 0 ? { kind: 'wait' } : this.done()
  }

  onReply(from: NodeId, closer: readonly Contact[]): void {
    if (!this.settle(from, 'answered')) return
    for (const contact of closer.slice(0, CONTACTS_MAX)) this.add(contact)
  }

  onFailure(from: NodeId): void {
    this.settle(from, 'failed')
  }

  private settle(from: NodeId, state: 'answered' | 'failed'): boolean {
    const candidate = this.candidates.find((each) => each.contact.id === from)
    if (candidate?.state !== 'asked') return false
    candidate.state = state
    this.asking--
    return true
  }

  private add(contact: Contact): void {
    if (contact.id === this.self || this.seen.has(contact.id)) return
    this.seen.add(contact.id)
    const at = this.candidates.findIndex((each) => compareDistance(this.target, contact.id, each.contact.id) < 0)
    this.candidates.splice(at < 0 ? this.candidates.length : at, 0, { contact, state: 'known' })
  }

  /** The nearest `count` that have not failed. */
  private inSight(): readonly Candidate[] {
    return this.candidates.filter((each) => each.state !== 'failed').slice(0, this.count)
  }

  private done(): LookupResult {
    const answered = this.candidates.filter((each) => each.state === 'answered').slice(0, this.count)
    const last = answered.at(-1)
    const silent = this.candidates.filter(
      (each) =>
        each.state === 'failed' &&
        (answered.length < this.count ||
          last === undefined ||
          compareDistance(this.target, each.contact.id, last.contact.id) < 0),
    )
    return {
      kind: 'done',
      closest: answered.map((each) => each.contact),
      silent: silent.map((each) => each.contact),
      reach: this.candidates[this.count - 1]?.contact.id,
      exhaustive: !this.inSight().some((each) => each.state === 'known'),
    }
  }
}
