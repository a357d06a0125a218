/**
 * The nodes one search has heard of: who named them, whether they were asked and what they said, by distance and by prefix shell.
 * Absent on purpose: whom to ask next, and what to think of the replies.
 */
import { commonPrefixBits, compareDistance, distanceFraction, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'

export type CandidateState = 'known' | 'asked' | 'answered' | 'failed'

export interface Candidate {
  readonly contact: Contact
  /** A fraction of the space. */
  readonly distance: number
  readonly shell: number
  /** Who named it first; undefined for one of our own contacts. */
  readonly nominator: Candidate | undefined
  state: CandidateState
  /** What it replied. */
  named: readonly Contact[]
  /** How many of those it named first were asked for their shell's sake. */
  heeded: number
}

export class Candidates {
  readonly target: Point
  /** Nearest first. */
  readonly all: Candidate[] = []
  private readonly self: NodeId
  private readonly byId = new Map<NodeId, Candidate>()
  private readonly byShell = new Map<number, Candidate[]>()

  constructor(target: Point, self: NodeId) {
    this.target = target
    this.self = self
  }

  get(id: NodeId): Candidate | undefined {
    return this.byId.get(id)
  }

  /** In the order in which they were named. */
  inShell(shell: number): readonly Candidate[] {
    return this.byShell.get(shell) ?? []
  }

  add(contact: Contact, nominator?: Candidate): void {
    if (contact.id === this.self || this.byId.has(contact.id)) return
    const candidate: Candidate = {
      contact,
      distance: distanceFraction(this.target, contact.id),
      shell: commonPrefixBits(this.target, contact.id),
      nominator,
      state: 'known',
      named: [],
      heeded: 0,
    }
    this.byId.set(contact.id, candidate)
    this.all.splice(this.placeOf(candidate), 0, candidate)
    const shell = this.byShell.get(candidate.shell)
    if (shell === undefined) this.byShell.set(candidate.shell, [candidate])
    else shell.push(candidate)
  }

  /** Where the candidate belongs among those known, by bisection. */
  private placeOf(candidate: Candidate): number {
    let [low, high] = [0, this.all.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.all[middle]
      if (other !== undefined && this.isNearer(other, candidate)) low = middle + 1
      else high = middle
    }
    return low
  }

  private isNearer(a: Candidate, b: Candidate): boolean {
    if (a.distance !== b.distance) return a.distance < b.distance
    return compareDistance(this.target, a.contact.id, b.contact.id) < 0
  }
}
