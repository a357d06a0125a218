/**
 * Which holder gets which fragment of one stripe. Fragments are dealt round-robin over the regions; within a region the member
 * in the least used failure domain, with the fewest fragments of this stripe, then the nearest, gets the next. Told what was
 * stored and who failed; says what to send next.
 * Absent on purpose: sending, waiting, deadlines. placeStripe owns those.
 */
import { assert } from '../base/assert.ts'
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { Region } from '../overlay/region.ts'
import { failureDomain, type DomainOf } from './failureDomain.ts'
import { ACKNOWLEDGED_SHARE, BUSY_TRIES_MAX } from './limits.ts'

/** Fragments for one holder, as a member of one region of the stripe. */
export interface Batch {
  readonly contact: Contact
  readonly region: number
  readonly indices: readonly number[]
}

interface Candidate {
  readonly contact: Contact
  readonly domain: string
  /** The first region that lists it; one is enough for admission. */
  readonly region: number
  /** Assigned and not failed. */
  fragments: number
  busyTimes: number
  excluded: boolean
}

export class Placement {
  private readonly total: number
  private readonly fragmentsPerBatch: number
  private readonly domainOf: DomainOf
  private readonly candidates = new Map<NodeId, Candidate>()
  private readonly regions: readonly (readonly Candidate[])[]
  private readonly domainLoad = new Map<string, number>()
  private readonly stored = new Set<number>()
  /** Fragments waiting for a holder. */
  private readonly unassigned: number[]
  /** Fragments for each holder, not sent yet. */
  private readonly queues = new Map<Candidate, number[]>()
  /** Who was asked to keep which fragment, and has not answered. */
  private readonly underWay = new Map<number, Set<NodeId>>()

  constructor(options: {
    readonly total: number
    readonly regions: readonly Region[]
    readonly fragmentsPerBatch: number
    /** Fragments that are kept already, and by whom as far as known. */
    readonly kept?: ReadonlyMap<number, Contact | undefined>
    /** Fragments with holders from before: dealt like the others, so that all find the same places as then, but not sent. */
    readonly stored?: Iterable<number>
    /** Who fails with whom; by addresses alone when absent. */
    readonly domainOf?: DomainOf
  }) {
    assert(options.regions.length > 0, 'a stripe has regions')
    this.total = options.total
    this.fragmentsPerBatch = options.fragmentsPerBatch
    this.domainOf = options.domainOf ?? failureDomain
    this.regions = options.regions.map((region, at) => region.members.map((contact) => this.candidate(contact, at)))
    for (const [index, contact] of options.kept ?? []) {
      this.stored.add(index)
      if (contact !== undefined) this.load(this.candidates.get(contact.id) ?? this.candidateFor(contact, 0), 1)
    }
    this.unassigned = Array.from({ length: options.total }, (_, index) => index).filter(
      (index) => !this.stored.has(index),
    )
    for (const index of options.stored ?? []) this.stored.add(index)
  }

  get storedCount(): number {
    return this.stored.size
  }

  isStored(index: number): boolean {
    return this.stored.has(index)
  }

  get acknowledged(): boolean {
    return this.stored.size >= Math.ceil(this.total * ACKNOWLEDGED_SHARE)
  }

  get complete(): boolean {
    return this.stored.size === this.total
  }

  /** True when nothing is under way and nobody is left to ask. */
  get stuck(): boolean {
    return !this.complete && this.underWay.size === 0 && this.queues.size === 0
  }

  /** What to send next, or undefined when everything is under way, stored or without a holder. */
  next(): Batch | undefined {
    this.assign()
    for (const [candidate, queue] of this.queues) {
      const indices = queue.splice(0, this.fragmentsPerBatch)
      // To the end of the line: holders take turns.
      this.queues.delete(candidate)
      if (queue.length > 0) this.queues.set(candidate, queue)
      const wanted = indices.filter((index) => !this.stored.has(index))
      if (wanted.length === 0) continue
      for (const index of wanted) this.markUnderWay(index, candidate.contact.id)
      return { contact: candidate.contact, region: candidate.region, indices: wanted }
    }
    return undefined
  }

  onStored(batch: Batch): void {
    for (const index of batch.indices) {
      this.unmarkUnderWay(index, batch.contact.id)
      this.stored.add(index)
    }
  }

  /** The holder failed or declined: it gets nothing more of this stripe, and others get what was meant for it. */
  onFailed(batch: Batch): void {
    const candidate = this.candidates.get(batch.contact.id)
    assert(candidate !== undefined, 'only candidates are asked')
    candidate.excluded = true
    const queued = this.queues.get(candidate) ?? []
    this.queues.delete(candidate)
    for (const index of batch.indices) this.unmarkUnderWay(index, batch.contact.id)
    for (const index of [...batch.indices, ...queued]) {
      this.load(candidate, -1)
      if (!this.stored.has(index) && !this.underWay.has(index)) this.unassigned.push(index)
    }
  }

  /** The batch was declined for now only: the same holder is asked again in its turn, but not for ever. */
  onBusy(batch: Batch): void {
    const candidate = this.candidates.get(batch.contact.id)
    assert(candidate !== undefined, 'only candidates are asked')
    if (candidate.excluded || ++candidate.busyTimes >= BUSY_TRIES_MAX) {
      this.onFailed(batch)
      return
    }
    for (const index of batch.indices) this.unmarkUnderWay(index, batch.contact.id)
    this.queues.set(candidate, [...(this.queues.get(candidate) ?? []), ...batch.indices])
  }

  /** Offers what is still under way to further holders as well; the first to answer counts. */
  hedge(): void {
    for (const [index, holders] of this.underWay) {
      if (this.stored.has(index)) continue
      const candidate = this.pick(index, holders)
      if (candidate !== undefined) this.enqueue(candidate, index)
    }
  }

  private assign(): void {
    const homeless: number[] = []
    for (const index of this.unassigned.splice(0)) {
      const candidate = this.pick(index, undefined)
      if (candidate === undefined) homeless.push(index)
      else this.enqueue(candidate, index)
    }
    this.unassigned.push(...homeless)
  }

  /** The best holder in the fragment's own region, else in the next that has any. */
  private pick(index: number, except: ReadonlySet<NodeId> | undefined): Candidate | undefined {
    for (let step = 0; step < this.regions.length; step++) {
      const region = this.regions[(index + step) % this.regions.length] ?? []
      let best: Candidate | undefined
      for (const candidate of region) {
        if (candidate.excluded || except?.has(candidate.contact.id) === true) continue
        if (best === undefined || this.isBetter(candidate, best)) best = candidate
      }
      if (best !== undefined) return best
    }
    return undefined
  }

  /** Members are compared nearest first, so that a tie goes to the nearer. */
  private isBetter(a: Candidate, b: Candidate): boolean {
    const loadA = this.domainLoad.get(a.domain) ?? 0
    const loadB = this.domainLoad.get(b.domain) ?? 0
    return loadA !== loadB ? loadA < loadB : a.fragments < b.fragments
  }

  private enqueue(candidate: Candidate, index: number): void {
    this.load(candidate, 1)
    const queue = this.queues.get(candidate)
    if (queue === undefined) this.queues.set(candidate, [index])
    else queue.push(index)
  }

  private load(candidate: Candidate, change: number): void {
    candidate.fragments += change
    this.domainLoad.set(candidate.domain, (this.domainLoad.get(candidate.domain) ?? 0) + change)
  }

  private candidate(contact: Contact, region: number): Candidate {
    const known = this.candidates.get(contact.id)
    if (known !== undefined) return known
    const candidate = this.candidateFor(contact, region)
    this.candidates.set(contact.id, candidate)
    return candidate
  }

  private candidateFor(contact: Contact, region: number): Candidate {
    return { contact, domain: this.domainOf(contact), region, fragments: 0, busyTimes: 0, excluded: false }
  }

  private markUnderWay(index: number, holder: NodeId): void {
    const holders = this.underWay.get(index)
    if (holders === undefined) this.underWay.set(index, new Set([holder]))
    else holders.add(holder)
  }

  private unmarkUnderWay(index: number, holder: NodeId): void {
    const holders = this.underWay.get(index)
    holders?.delete(holder)
    if (holders?.size === 0) this.underWay.delete(index)
  }
}
