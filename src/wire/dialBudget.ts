/**
 * When the next dial may be made: so many at once, so many a minute. A dial that has to wait knows at once for how long, and one that
 * would wait too long is not made, so nobody hangs.
 */
import { TokenBucket } from '../base/tokenBucket.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { DIAL_WAIT_MS_MAX } from './limits.ts'

export class DialBudget {
  private readonly bucket: TokenBucket

  constructor({ perMinute, atOnce }: { readonly perMinute: number; readonly atOnce: number }) {
    this.bucket = new TokenBucket({ perSecond: perMinute / (MINUTE / SECOND), savedMax: atOnce })
  }

  /** How long a dial has to wait, and then it is spent; undefined when that is too long. Those that wait keep their order. */
  claim(nowMs: number): number | undefined {
    const waitMs = this.bucket.waitMs(1, nowMs)
    if (waitMs > DIAL_WAIT_MS_MAX) return undefined
    this.bucket.spend(1, nowMs)
    return waitMs
  }
}
