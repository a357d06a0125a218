/** Published figures with the range that their sources leave open. */
import { shareInterval } from './interval.ts'
import type { Published } from './scenario.ts'

/** A figure printed with `digits` significant digits, so that half a unit of the last one is unknown. */
export function rounded(value: number, digits: number): Published {
  const half = 0.5 * 10 ** (Math.floor(Math.log10(Math.abs(value))) - digits + 1)
  return { value, low: value - half, high: value + half }
}

/** A share seen in an experiment of `count` tries. */
export function seenIn(count: number, share: number): Published {
  return { value: share, ...shareInterval(Math.round(share * count), count) }
}
