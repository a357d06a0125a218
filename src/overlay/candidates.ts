/**
 * The nodes one search has heard of: who named them, whether they were asked and what they said, by distance and by prefix shell.
 * Until it is told to, it takes in nobody farther away than those it has plenty of: most names in replies are no news.
 * Absent on purpose: whom to ask next, and what to think of the replies.
 */
import { present } from '../base/assert.ts'
import { commonPrefixBits, compareDistance, distanceFraction, idPrefix, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { WITHIN_RADIUS_MAX } from './limits.ts'

export type CandidateState = 'known' | 'asked' | 'answered' | 'failed'

export interface Candidate {
  readonly contact: Contact
  /** A fraction of the space. */
  readonly distance: number
  readonly shell: number
  /** Who named it first; undefined for one of our own contacts. */
  readonly nominator: Candidate | undefined
  readonly state: CandidateState
  /** What it replied. */
  named: readonly Contact[]
  /** How many of those it named first were asked for their shell's sake. */
  heeded: number
}

export interface Shell {
  /** Asked or answered. */
  readonly metCount: number
  /** Neither asked nor failed yet, in the order in which they were named. */
  readonly waiting: readonly Candidate[]
}

/** More than a search looks at while it asks the nearest, and than one bucket of a witness holds. */
const FAR_FROM = 2 * WITHIN_RADIUS_MAX

const PREFIX_SCALE = 2 ** 32

interface Changing extends Candidate {
  state: CandidateState
}

interface ChangingShell extends Shell {
  metCount: number
  readonly waiting: Changing[]
}

export class Candidates {
  readonly target: Point
  /** Nearest first. */
  readonly all: readonly Candidate[]
  private readonly sorted: Changing[] = []
  /** Beside them. */
  private readonly distances: number[] = []
  private readonly self: NodeId
  private readonly prefix: number
  /** Farther away than the nearest FAR_FROM, perhaps more than once each; undefined when everybody is taken in. */
  private far: { readonly contact: Contact; readonly nominator: Candidate | undefined }[] | undefined = []
  private readonly byId = new Map<NodeId, Changing>()
  private readonly shells: ChangingShell[] = []

  constructor(target: Point, self: NodeId) {
    this.target = target
    this.self = self
    this.prefix = idPrefix(target)
    this.all = this.sorted
  }

  shell(shell: number): Shell | undefined {
    return this.shells[shell]
  }

  onAsked(id: NodeId): void {
    const candidate = this.byId.get(id)
    if (candidate?.state !== 'known') return
    candidate.state = 'asked'
    const shell = this.shellAt(candidate.shell)
    shell.metCount++
    shell.waiting.splice(shell.waiting.indexOf(candidate), 1)
  }

  /** Undefined when it was not asked, or has answered or failed already. */
  onSettled(id: NodeId, state: 'answered' | 'failed'): Candidate | undefined {
    const candidate = this.byId.get(id)
    if (candidate?.state !== 'asked') return undefined
    candidate.state = state
    if (state === 'failed') this.shellAt(candidate.shell).metCount--
    return candidate
  }

  /** False when it was known. */
  add(contact: Contact, nominator?: Candidate): boolean {
    if (this.far !== undefined && this.isFar(contact.id)) {
      this.far.push({ contact, nominator })
      return true
    }
    if (contact.id === this.self || this.byId.has(contact.id)) return false
    const candidate: Changing = {
      contact,
      distance: distanceFraction(this.target, contact.id),
      shell: commonPrefixBits(this.target, contact.id),
      nominator,
      state: 'known',
      named: [],
      heeded: 0,
    }
    this.byId.set(contact.id, candidate)
    const place = this.placeOf(candidate)
    this.sorted.splice(place, 0, candidate)
    this.distances.splice(place, 0, candidate.distance)
    this.shellAt(candidate.shell).waiting.push(candidate)
    return true
  }

  /** From now on also those farther away, and those that were left out. */
  admitFar(): void {
    const left = this.far ?? []
    this.far = undefined
    for (const { contact, nominator } of left) this.add(contact, nominator)
  }

  private shellAt(shell: number): ChangingShell {
    while (this.shells.length <= shell) this.shells.push({ metCount: 0, waiting: [] })
    return present(this.shells[shell], 'a shell that was just made')
  }

  private isFar(id: NodeId): boolean {
    const limit = this.distances[FAR_FROM]
    return limit !== undefined && (idPrefix(id) ^ this.prefix) >>> 0 > limit * PREFIX_SCALE
  }

  /** Where the candidate belongs among those known, by bisection. */
  private placeOf({ distance, contact }: Candidate): number {
    let [low, high] = [0, this.distances.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.distances[middle] as number
      const isNearer =
        other === distance
          ? compareDistance(this.target, (this.sorted[middle] as Candidate).contact.id, contact.id) < 0
          : other < distance
      if (isNearer) low = middle + 1
      else high = middle
    }
    return low
  }
}
