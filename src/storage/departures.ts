/**
 * Which holders a node has lost sight of, over all stripes that it looks after: whether half of the network is gone together. One stripe has
 * too few holders to tell: half of a network takes a third of one stripe and two thirds of the next. Told who showed something in each
 * round; says whether this is a partition until proven otherwise.
 */
import type { NodeId } from '../base/id.ts'
import {
  CENSUS_GRACES,
  DAMPED_GRACES,
  HOLDERS_KNOWN_MAX,
  HOLDERS_TELLING_MIN,
  LONG_AWAY_GRACES,
  MASS_SHARE,
} from './limits.ts'

/** `calm`: no mass departure in all the time in which one would still count. `unknown`: too few holders are known, or not for long enough. */
export type Outlook = 'mass' | 'calm' | 'unknown'

interface Sight {
  /** When he was first seen. */
  readonly knownSinceMs: number
  /** When he was last looked for. */
  readonly lookedMs: number
  /** Since when nobody has seen him; undefined while somebody does. */
  readonly awaySinceMs: number | undefined
}

export class Departures {
  private readonly graceMs: number
  private readonly sights = new Map<NodeId, Sight>()

  constructor(graceMs: number) {
    this.graceMs = graceMs
  }

  /** A round over one stripe has ended: who showed something in the round before, and who did in this one. */
  onRound(before: readonly NodeId[], now: readonly NodeId[], nowMs: number): void {
    const shown = new Set(now)
    for (const id of shown) this.note(id, nowMs, () => undefined)
    // Nobody is away who was seen for another stripe since he was last missed.
    for (const id of before) if (!shown.has(id)) this.note(id, nowMs, (awaySinceMs) => awaySinceMs ?? nowMs)
  }

  /** A mass departure ends when they are back, or have been away so long that they will not be. */
  outlook(nowMs: number): Outlook {
    this.forgetOld(nowMs)
    const known = sorted([...this.sights.values()].map(({ knownSinceMs }) => knownSinceMs))
    const away = sorted(
      [...this.sights.values()]
        .flatMap(({ awaySinceMs }) => awaySinceMs ?? [])
        .filter((sinceMs) => nowMs - sinceMs >= LONG_AWAY_GRACES * this.graceMs),
    )
    if (away.some((sinceMs, at) => this.isMass(away, at, countBefore(known, sinceMs)))) return 'mass'
    return countBefore(known, nowMs - DAMPED_GRACES * this.graceMs) >= HOLDERS_TELLING_MIN ? 'calm' : 'unknown'
  }

  /** Whether of so many as were known when the first of them went enough have gone within a grace period. */
  private isMass(away: readonly number[], first: number, known: number): boolean {
    const together = Math.ceil(MASS_SHARE * known)
    const fromMs = away[first] ?? Infinity
    return known >= HOLDERS_TELLING_MIN && (away[first + together - 1] ?? Infinity) - fromMs <= this.graceMs
  }

  private note(id: NodeId, nowMs: number, away: (sinceMs: number | undefined) => number | undefined): void {
    const sight = this.sights.get(id)
    if (sight === undefined && this.sights.size >= HOLDERS_KNOWN_MAX) return
    const { knownSinceMs, awaySinceMs } = sight ?? { knownSinceMs: nowMs, awaySinceMs: undefined }
    this.sights.set(id, { knownSinceMs, lookedMs: nowMs, awaySinceMs: away(awaySinceMs) })
  }

  private forgetOld(nowMs: number): void {
    for (const [id, { lookedMs, awaySinceMs }] of this.sights) {
      const untilMs =
        awaySinceMs === undefined ? lookedMs + CENSUS_GRACES * this.graceMs : awaySinceMs + DAMPED_GRACES * this.graceMs
      if (nowMs >= untilMs) this.sights.delete(id)
    }
  }
}

function sorted(times: readonly number[]): readonly number[] {
  return [...times].sort((a, b) => a - b)
}

/** `times` ascend. */
function countBefore(times: readonly number[], beforeMs: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? Infinity) < beforeMs) low = middle + 1
    else high = middle
  }
  return low
}
