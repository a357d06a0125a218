/**
 * What the node that looks after a stripe knows of its fragments: who keeps which, and since when each has been missing. Told what
 * holders showed, round after round; says which fragments are gone, and whether it is time to rebuild them.
 * "Away" is not "gone": a fragment is gone when nobody has shown it in any round for the grace period. Lazy: nothing is rebuilt before
 * a quarter is gone, and then all that is. Damped: many that go missing together are a partition until proven otherwise.
 * Absent on purpose: asking, and rebuilding. checkStripe and repairStripe do those.
 */
import type { Bytes } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import { DAMPED_GRACES, DANGER_FACTOR, MASS_SHARE, MISSING_ROUNDS_MIN } from './limits.ts'

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

interface Missing {
  readonly sinceMs: number
  rounds: number
}

export class Census {
  readonly header: StripeHeader
  private keepers = new Map<NodeId, Keeper>()
  private shownNow = new Map<NodeId, Keeper>()
  private readonly missing = new Map<number, Missing>()
  /** What holders said they keep and could not prove, until they do. */
  private readonly refuted = new Map<NodeId, ReadonlySet<number>>()
  private auditedMs = -Infinity

  constructor(header: StripeHeader) {
    this.header = header
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
    const unseen = new Set(this.unseen())
    for (const index of this.allIndices()) {
      if (!unseen.has(index)) this.missing.delete(index)
      else if (this.missing.has(index)) (this.missing.get(index) as Missing).rounds++
      else this.missing.set(index, { sinceMs: nowMs, rounds: 1 })
    }
    this.keepers = this.shownNow
    this.shownNow = new Map()
  }

  /** Fragments to rebuild now, all that are gone; none while it is too early, too few are gone, or too few are left to rebuild from. */
  toRebuild(nowMs: number, rules: RepairRules): readonly number[] {
    const { total, needed } = this.header
    if (this.aliveCount < needed) return []
    const gone = this.gone(nowMs, this.isMassDeparture(rules.graceMs) ? rules.graceMs * DAMPED_GRACES : rules.graceMs)
    return total - gone.length <= Math.floor(rules.share * total) ? gone : []
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

  private gone(nowMs: number, graceMs: number): readonly number[] {
    const isGone = ({ sinceMs, rounds }: Missing): boolean => nowMs - sinceMs >= graceMs && rounds >= MISSING_ROUNDS_MIN
    return [...this.missing].filter(([, missing]) => isGone(missing)).map(([index]) => index)
  }

  /** Many went missing at about the same time, and what is left survives a while. */
  private isMassDeparture(graceMs: number): boolean {
    const { total, needed } = this.header
    if (this.aliveCount <= DANGER_FACTOR * needed) return false
    const times = [...this.missing.values()].map(({ sinceMs }) => sinceMs).sort((a, b) => a - b)
    const together = Math.ceil(MASS_SHARE * total)
    return times.some((sinceMs, at) => (times[at + together - 1] ?? Infinity) - sinceMs <= graceMs)
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
