/**
 * What may be spent of something that flows in evenly and is saved up to a bound: dials, bytes. Told the time. What cannot be cut is
 * spent as a whole, into debt if need be, and the debt is waited for.
 */
import { assert } from './assert.ts'
import { SECOND } from './units.ts'

export class TokenBucket {
  private readonly perSecond: number
  private readonly savedMax: number
  private saved: number
  private atMs = Number.NEGATIVE_INFINITY

  /** Full at first. */
  constructor({ perSecond, savedMax }: { readonly perSecond: number; readonly savedMax: number }) {
    assert(perSecond > 0 && savedMax > 0, 'something flows in, and some of it is saved')
    this.perSecond = perSecond
    this.savedMax = savedMax
    this.saved = savedMax
  }

  /** What may be spent now; below zero it is a debt. */
  levelAt(nowMs: number): number {
    if (nowMs > this.atMs) {
      const flownIn = ((nowMs - this.atMs) / SECOND) * this.perSecond
      this.saved = Math.min(this.savedMax, this.saved + flownIn)
      this.atMs = nowMs
    }
    return this.saved
  }

  spend(amount: number, nowMs: number): void {
    this.saved = this.levelAt(nowMs) - amount
  }

  /** How long until the level is `amount`; 0 when it is. `amount` is at most what is saved. */
  waitMs(amount: number, nowMs: number): number {
    return Math.max(0, ((amount - this.levelAt(nowMs)) / this.perSecond) * SECOND)
  }
}
