/**
 * Which of the stripes that a node keeps it looks after itself, and when. In each epoch a stripe has a *leader*: of its holders the one
 * nearest to one of the stripe's regions, which changes from epoch to epoch. The others are stand-ins, each somewhat later than the one
 * before, and rest when somebody before them has looked. Nobody elects anybody: each knows its own place, and hears who looks.
 * Absent on purpose: looking. The repairer does that.
 */
import type { StripeId } from '../base/id.ts'
import { REGION_SIZE } from '../overlay/limits.ts'
import { CHECKS_PER_EPOCH, STAND_IN_RANKS_MAX, STAND_INS_PER_CHECK } from './limits.ts'

export interface DutyRules {
  /** How often a stripe is looked at. */
  readonly checkMs: number
}

/** The number of the epoch that a time is in: leaders are the same until the next. */
export function epochAt(nowMs: number, { checkMs }: DutyRules): number {
  return Math.floor(nowMs / (checkMs * CHECKS_PER_EPOCH))
}

/** Where a node is among those who may keep fragments of a stripe. */
export interface Place {
  /** Nodes nearer to the leading point: holders or not. */
  readonly rank: number
  /** How far it is from that point, as a part of the space. */
  readonly distance: number
  /** Fragments of the stripe, and the regions they are spread over. */
  readonly total: number
  readonly regions: number
  /** In the whole network, as far as known. */
  readonly nodes: number
}

/**
 * How many holders of a stripe are likely nearer to the leading point than a node. Of a stripe of 20 fragments over 16 regions a region's 20
 * nodes keep one or two: who counted all nearer nodes would wait for many that keep nothing. In the region it is the share of its nodes that
 * keep something, beyond it the share of the space.
 */
export function holdersBefore({ rank, distance, total, regions, nodes }: Place): number {
  const perNode = Math.min(1, total / Math.min(nodes, regions * REGION_SIZE))
  return Math.max(Math.min(rank, REGION_SIZE) * perNode, distance * Math.min(total, nodes))
}

/** How much later than the leader a stand-in looks, when `rank` holders come before it. */
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

  /** At most `limit` stripes to look at now; `rankOf` says how many holders come before this one, and is asked only where it matters. */
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
