/**
 * What the node that looks after a stripe knows of its fragments: who keeps which, and since when each has been missing. Told what
 * holders showed, round after round; says which fragments are gone, and whether it is time to rebuild them.
 * "Away" is not "gone": a fragment is gone when nobody has shown it in any round for the grace period. Time counts only as far as it was
 * watched: of a long gap between two rounds, while another node looked or this one slept, hardly anything. Lazy: nothing is rebuilt
 * before a quarter is gone, and then all that is. Damped: many that go missing together are a partition until proven otherwise.
 * Absent on purpose: asking, and rebuilding. checkStripe and repairStripe do those.
 */
import type { Bytes } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Outlook } from './departures.ts'
import { DAMPED_GRACES, DANGER_FACTOR, DANGER_SPARE, MASS_SHARE, MISSING_ROUNDS_MIN } from './limits.ts'

/** When to rebuild. */
export interface RepairRules {
  /** How long a fragment may be away before it counts as gone. */
  readonly graceMs: number
  /** A stripe is repaired when at most this share of its fragments is not gone. */
  readonly share: number
}

/** What one holder has shown in a round. */
export interface Shown {
  readonly indices: readonly number[]
  readonly expiresMs: number
  readonly owner: Bytes | undefined
}

interface Keeper extends Shown {
  readonly contact: Contact
}

export class Census {
  readonly header: StripeHeader
  private readonly rules: RepairRules
  private keepers = new Map<NodeId, Keeper>()
  private shownNow = new Map<NodeId, Keeper>()
  /** Since when, in watched time; from the first round on means for who knows how long. */
  private readonly missing = new Map<number, number>()
  /** What holders said they keep and could not prove, until they do. */
  private readonly refuted = new Map<NodeId, ReadonlySet<number>>()
  private auditedMs = -Infinity
  private roundMs: number | undefined
  /** How long the stripe has been watched, gaps left out. */
  private watchedMs = 0

  constructor(header: StripeHeader, rules: RepairRules) {
    this.header = header
    this.rules = rules
  }

  /** When its last round ended; undefined before the first. */
  get lastRoundMs(): number | undefined {
    return this.roundMs
  }

  /** Whom to ask first: those that showed something in the last round. */
  get holders(): readonly Contact[] {
    return [...this.keepers.values()].map(({ contact }) => contact)
  }

  /** Distinct fragments shown in the last round. */
  get aliveCount(): number {
    return this.header.total - this.missing.size
  }

  /** What a holder says it keeps; what it could not prove in the last audit does not count. */
  onShown(contact: Contact, shown: Shown): void {
    const refuted = this.refuted.get(contact.id)
    const indices = shown.indices.filter((index) => refuted?.has(index) !== true)
    this.shownNow.set(contact.id, { ...shown, indices, contact })
  }

  /** An audit found these of a holder's fragments to be nothing but words. */
  onRefuted(contact: Contact, indices: readonly number[]): void {
    if (indices.length === 0) this.refuted.delete(contact.id)
    else this.refuted.set(contact.id, new Set(indices))
  }

  /** Whether holders should prove what they say in the next round, and not only say it. */
  isAuditDue(nowMs: number, auditMs: number): boolean {
    return nowMs - this.auditedMs >= auditMs
  }

  onAudited(nowMs: number): void {
    this.auditedMs = nowMs
  }

  /** Fragments that nobody has shown in the round under way. */
  unseen(): readonly number[] {
    const seen = new Set([...this.shownNow.values()].flatMap(({ indices }) => indices))
    return this.allIndices().filter((index) => !seen.has(index))
  }

  /** Everybody who may hold something has been asked, or was silent. */
  endRound(nowMs: number): void {
    const gapMs = Math.max(0, nowMs - (this.roundMs ?? nowMs))
    this.watchedMs += Math.min(gapMs, this.rules.graceMs / (MISSING_ROUNDS_MIN - 1))
    this.roundMs = nowMs
    const unseen = new Set(this.unseen())
    for (const index of this.allIndices()) {
      if (!unseen.has(index)) this.missing.delete(index)
      else if (!this.missing.has(index)) this.missing.set(index, this.watchedMs)
    }
    this.keepers = this.shownNow
    this.shownNow = new Map()
  }

  /**
   * Fragments to rebuild now, all that are gone; none while it is too early, too few are gone, or too few are left to rebuild from.
   * `outlook`: what all stripes together tell.
   */
  toRebuild(outlook: Outlook = 'unknown'): readonly number[] {
    const { total, needed } = this.header
    const { graceMs, share } = this.rules
    if (this.aliveCount < needed) return []
    const gone = this.goneFor(this.isMassDeparture(outlook) ? graceMs * DAMPED_GRACES : graceMs)
    return total - gone.length <= Math.floor(share * total) ? gone : []
  }

  /** Fragments that nobody showed in the last round, gone or away. */
  missingNow(): readonly number[] {
    return [...this.missing.keys()]
  }

  /** Every fragment but those to rebuild, with whoever showed it in the last round; undefined for what is only away. */
  kept(toRebuild: readonly number[]): ReadonlyMap<number, Contact | undefined> {
    const kept = new Map<number, Contact | undefined>(this.allIndices().map((index) => [index, undefined]))
    for (const { contact, indices } of this.keepers.values()) for (const index of indices) kept.set(index, contact)
    for (const index of toRebuild) kept.delete(index)
    return kept
  }

  /** Who said what he could not prove: nothing that is rebuilt should be given to him. */
  distrusted(): ReadonlySet<NodeId> {
    return new Set(this.refuted.keys())
  }

  /** What the lease of a rebuilt fragment must be: until when half of the holders keep theirs, for the owner that most of them name. */
  lease(): { readonly expiresMs: number; readonly owner: Bytes | undefined } {
    const keepers = [...this.keepers.values()]
    const expiries = keepers.map(({ expiresMs }) => expiresMs).sort((a, b) => a - b)
    return { expiresMs: expiries[expiries.length >> 1] ?? 0, owner: mostNamed(keepers.map(({ owner }) => owner)) }
  }

  private goneFor(graceMs: number): readonly number[] {
    return [...this.missing].filter(([, sinceMs]) => this.watchedMs - sinceMs >= graceMs).map(([index]) => index)
  }

  /**
   * Many went missing at about the same time, and what is left survives a while. Not those whose holders answer and cannot prove them: that
   * is no partition. Nor, when all else is calm, what was missing when this node began to look: that may have gone days before.
   */
  private isMassDeparture(outlook: Outlook): boolean {
    const { total, needed } = this.header
    if (this.aliveCount <= Math.max(DANGER_FACTOR * needed, needed + DANGER_SPARE)) return false
    if (outlook === 'mass') return true
    const refuted = new Set([...this.refuted.values()].flatMap((indices) => [...indices]))
    const silent = [...this.missing].filter(([index]) => !refuted.has(index)).map(([, sinceMs]) => sinceMs)
    const times = silent.filter((sinceMs) => sinceMs > 0 || outlook !== 'calm').sort((a, b) => a - b)
    const together = Math.ceil(MASS_SHARE * total)
    return times.some((sinceMs, at) => (times[at + together - 1] ?? Infinity) - sinceMs <= this.rules.graceMs)
  }

  private allIndices(): readonly number[] {
    return Array.from({ length: this.header.total }, (_, index) => index)
  }
}

function mostNamed(owners: readonly (Bytes | undefined)[]): Bytes | undefined {
  const votes = new Map<string, { readonly owner: Bytes | undefined; count: number }>()
  for (const owner of owners) {
    const name = owner === undefined ? '' : owner.join()
    const vote = votes.get(name) ?? { owner, count: 0 }
    vote.count++
    votes.set(name, vote)
  }
  return [...votes.values()].sort((a, b) => b.count - a.count)[0]?.owner
}
