/**
 * Which of the stripes that a node keeps it looks after itself, and when. In each epoch a stripe has a *leader*: of its holders the one
 * nearest to one of the stripe's regions, which changes from epoch to epoch. The others are stand-ins, each somewhat later than the one
 * before, and rest when somebody before them has looked. Nobody elects anybody: each knows its own place, and hears who looks.
 * Absent on purpose: looking. The repairer does that.
 */
import type { StripeId } from '../base/id.ts'
import { CHECKS_PER_EPOCH, STAND_IN_RANKS_MAX, STAND_INS_PER_CHECK } from './limits.ts'

export interface DutyRules {
  /** How often a stripe is looked at. */
  readonly checkMs: number
}

/** The number of the epoch that a time is in: leaders are the same until the next. */
export function epochAt(nowMs: number, { checkMs }: DutyRules): number {
  return Math.floor(nowMs / (checkMs * CHECKS_PER_EPOCH))
}

/** How much later than the leader a stand-in looks, when `rank` nodes come before it. */
export function standInMs(rank: number, { checkMs }: DutyRules): number {
  return (Math.min(rank, STAND_IN_RANKS_MAX) * checkMs) / STAND_INS_PER_CHECK
}

export class Duty {
  private readonly rules: DutyRules
  /** When each was last looked at, by this node or one before it. */
  private readonly lookedMs = new Map<StripeId, number>()

  constructor(rules: DutyRules) {
    this.rules = rules
  }

  get stripeCount(): number {
    return this.lookedMs.size
  }

  has(stripe: StripeId): boolean {
    return this.lookedMs.has(stripe)
  }

  /** `phase`, 0 to 1: how much of a period has passed, so that stripes found together are not all looked at together. */
  add(stripe: StripeId, nowMs: number, phase: number): void {
    if (!this.lookedMs.has(stripe)) this.lookedMs.set(stripe, nowMs - phase * this.rules.checkMs)
  }

  /** It was looked at, by this node or by one that comes before it. */
  onLooked(stripe: StripeId, nowMs: number): void {
    if (this.lookedMs.has(stripe)) this.lookedMs.set(stripe, nowMs)
  }

  remove(stripe: StripeId): void {
    this.lookedMs.delete(stripe)
  }

  /** At most `limit` stripes to look at now; `rankOf` says how many nodes come before this one, and is asked only where it matters. */
  due(nowMs: number, limit: number, rankOf: (stripe: StripeId) => number): readonly StripeId[] {
    const due: StripeId[] = []
    for (const [stripe, lookedMs] of this.lookedMs) {
      const lateMs = nowMs - lookedMs - this.rules.checkMs
      if (lateMs < 0 || lateMs < standInMs(rankOf(stripe), this.rules)) continue
      due.push(stripe)
      if (due.length >= limit) break
    }
    return due
  }
}
