/**
 * Which fragments of one stripe to fetch from whom: the data fragments that are wanted, and others in their place as soon as one
 * is found missing, damaged or slow. Told of holdings, fragments and failures; says what to ask next. Why it asks for no more
 * than it needs at first: docs/adr/0004.
 * Absent on purpose: requests, hashing, decoding. readStripe owns those.
 */
import { assert } from '../base/assert.ts'
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { BUSY_TRIES_MAX, FETCHES_PER_HOLDER, SLOW_FACTOR, SLOW_FETCH_MS_MIN } from './limits.ts'

export type ReadStep =
  | { readonly kind: 'fetch'; readonly contact: Contact; readonly indices: readonly number[] }
  /** Nothing to ask before news comes, or before `untilMs` when that is given. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }
  /** `direct`: every wanted fragment is there. `decode`: any `needed` are. */
  | { readonly kind: 'done'; readonly how: 'direct' | 'decode' }
  /** Everybody has been asked, and it is not enough. */
  | { readonly kind: 'short' }

interface Holder {
  readonly contact: Contact
  readonly indices: Set<number>
  fetches: number
  busyTimes: number
}

interface Asked {
  readonly holder: Holder
  readonly sinceMs: number
}

export class ReadPlan {
  private readonly needed: number
  private readonly wanted: readonly number[]
  private readonly fragmentsPerFetch: number
  private readonly holders = new Map<NodeId, Holder>()
  /** Who lied before: asked when all others are not enough. */
  private readonly doubted = new Map<NodeId, Holder>()
  private readonly excluded = new Set<NodeId>()
  private readonly have = new Set<number>()
  private readonly asked = new Map<number, Asked>()
  private located = false
  private meanFetchMs = 0

  constructor(options: {
    readonly needed: number
    /** Data fragments that the reader asked for, ascending. */
    readonly wanted: readonly number[]
    readonly fragmentsPerFetch: number
  }) {
    assert(options.fragmentsPerFetch >= 1, 'a fetch asks for something')
    this.needed = options.needed
    this.wanted = options.wanted
    this.fragmentsPerFetch = options.fragmentsPerFetch
  }

  /** Distinct fragments somebody still offers or has given. */
  get offeredCount(): number {
    const offered = new Set(this.have)
    for (const holder of this.holders.values()) for (const index of holder.indices) offered.add(index)
    return offered.size
  }

  onHolding(contact: Contact, indices: Iterable<number>, { isDoubted = false } = {}): void {
    if (this.excluded.has(contact.id)) return
    const holders = isDoubted ? this.doubted : this.holders
    holders.set(contact.id, { contact, indices: new Set(indices), fetches: 0, busyTimes: 0 })
  }

  /** Everybody who might hold fragments has been asked. */
  onLocated(): void {
    this.located = true
  }

  /** A verified fragment has come. */
  onFragment(index: number): void {
    this.have.add(index)
    this.asked.delete(index)
  }

  /** One fetch ended, well or not; what it did not bring is not asked of that holder again. */
  onFetchEnded(contact: Contact, indices: readonly number[], elapsedMs: number): void {
    const holder = this.holders.get(contact.id)
    if (holder !== undefined) holder.fetches--
    this.release(contact.id, indices)
    for (const index of indices) if (!this.have.has(index)) holder?.indices.delete(index)
    this.meanFetchMs = this.meanFetchMs === 0 ? elapsedMs : 0.8 * this.meanFetchMs + 0.2 * elapsedMs
  }

  /** The fetch was declined for now only: what it asked for may be asked of that holder again, but not for ever. */
  onBusy(contact: Contact, indices: readonly number[]): void {
    this.release(contact.id, indices)
    const holder = this.holders.get(contact.id)
    if (holder === undefined) return
    holder.fetches--
    if (++holder.busyTimes >= BUSY_TRIES_MAX) this.exclude(contact.id)
  }

  /** The holder lies or is silent: nothing more is asked of it. Returns how many fragments it offered and has not given. */
  exclude(id: NodeId): number {
    const offered = [...(this.holders.get(id)?.indices ?? [])].filter((index) => !this.have.has(index)).length
    this.excluded.add(id)
    this.holders.delete(id)
    return offered
  }

  next(nowMs: number): ReadStep {
    if (this.wanted.every((index) => this.have.has(index))) return { kind: 'done', how: 'direct' }
    if (this.have.size >= this.needed) return { kind: 'done', how: 'decode' }
    const idle = this.idleHolders()
    for (const holder of idle) {
      const indices = this.wantedFrom(holder, nowMs)
      if (indices.length > 0) return this.ask(holder, indices, nowMs)
    }
    if (this.asked.size > 0) return { kind: 'wait', untilMs: this.nextSlowMs(nowMs) }
    if (!this.located) return { kind: 'wait', untilMs: undefined }
    return this.admitDoubted() ? this.next(nowMs) : { kind: 'short' }
  }

  /** Whether there is anybody else who may have told the truth this time. */
  private admitDoubted(): boolean {
    for (const [id, holder] of this.doubted) this.holders.set(id, holder)
    const isAnybody = this.doubted.size > 0
    this.doubted.clear()
    return isAnybody
  }

  private release(id: NodeId, indices: readonly number[]): void {
    for (const index of indices) if (this.asked.get(index)?.holder.contact.id === id) this.asked.delete(index)
  }

  private idleHolders(): readonly Holder[] {
    return [...this.holders.values()]
      .filter((holder) => holder.fetches < FETCHES_PER_HOLDER)
      .sort((a, b) => a.fetches - b.fetches)
  }

  /** Wanted fragments first; any others only as far as wanted ones cannot come or are slow. */
  private wantedFrom(holder: Holder, nowMs: number): readonly number[] {
    const free = (index: number): boolean =>
      holder.indices.has(index) && !this.have.has(index) && !this.asked.has(index)
    const wanted = this.wanted.filter(free)
    if (wanted.length > 0) return wanted.slice(0, this.fragmentsPerFetch)
    const others = Math.min(this.shortfall(nowMs), this.fragmentsPerFetch)
    if (others <= 0) return []
    return [...holder.indices].filter(free).slice(0, others)
  }

  /** How many fragments beyond the wanted ones must be asked for so that `needed` come in good time; 0 while all is well. */
  private shortfall(nowMs: number): number {
    const slowBefore = nowMs - this.slowMs()
    const inTime = [...this.asked.values()].filter((each) => each.sinceMs > slowBefore).length
    const slow = this.asked.size > inTime
    const hopeless = this.wanted.some(
      (index) => !this.have.has(index) && !this.asked.has(index) && this.nobodyOffers(index),
    )
    if (!slow && !(hopeless && (this.located || this.needed === 1))) return 0
    return this.needed - this.have.size - inTime
  }

  private nobodyOffers(index: number): boolean {
    for (const holder of this.holders.values()) if (holder.indices.has(index)) return false
    return true
  }

  private ask(holder: Holder, indices: readonly number[], nowMs: number): ReadStep {
    holder.fetches++
    for (const index of indices) this.asked.set(index, { holder, sinceMs: nowMs })
    return { kind: 'fetch', contact: holder.contact, indices }
  }

  private slowMs(): number {
    return Math.max(SLOW_FETCH_MS_MIN, SLOW_FACTOR * this.meanFetchMs)
  }

  private nextSlowMs(nowMs: number): number | undefined {
    const times = [...this.asked.values()].map((each) => each.sinceMs + this.slowMs()).filter((at) => at > nowMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }
}
