/**
 * What loss an object survives as it lies now: at random, by the worst of luck, and over time. Which fragments go with departing
 * holders is counted over all subsets of them, since holders may keep several each. A fragment counts for one holder only; who
 * keeps it besides makes the loss smaller than is said here, never larger.
 */
import { exp, ln } from '../base/exactMath.ts'
import { DAY } from '../base/units.ts'
import { LOSS_PROBABILITY_MAX } from '../coding/code.ts'
import { HOLDER_SETS_MAX, NODE_LIFETIME_MS, UNATTENDED_LOSS_MAX } from './limits.ts'

/** Of the share of nodes that have left: finer than the hundredth of a day that is told. */
const SHARE_BISECTIONS = 40
const DAYS_PARTS = 100

/** Stripes that are added up. */
interface Alike {
  readonly holders: number
  /** They have the same holders and not only as many, so that not more than all is lost with them. */
  readonly areSame: boolean
  /** For each number of holders that departs, how many of the stripes are lost on average. */
  readonly lostGiven: Float64Array
}

/**
 * The loss of all stripes of an object together. That some stripe is lost is taken to be as likely as the sum over the stripes, and
 * as at most certain where they have the same holders: exact for one stripe, and never too little for many.
 */
export class ObjectLoss {
  private readonly byHolders = new Map<string, Alike>()

  /** One more stripe. `held`: fragments of each holder, every fragment counted once. */
  add(held: ReadonlyMap<string, number>, needed: number): void {
    const holders = [...held.keys()].filter((name) => (held.get(name) ?? 0) > 0).sort()
    const { lostGiven } = this.alike(holders)
    const counts = holders.map((name) => held.get(name) ?? 0)
    for (const [departed, lost] of lossByDepartures(counts, needed).entries()) {
      lostGiven[departed] = (lostGiven[departed] ?? 0) + lost
    }
  }

  /**
   * The largest share of `networkSize` nodes that may vanish at once, every set of so many equally likely, while no stripe is lost
   * with probability >= 1 - 1e-6: a whole number of nodes over all. 0 when one is lost already or survives no departure.
   */
  survivableShare(networkSize: number): number {
    const nodes = Math.max(networkSize, ...[...this.byHolders.values()].map(({ holders }) => holders))
    let [survives, fails] = [0, nodes + 1]
    while (fails - survives > 1) {
      const vanished = Math.floor((survives + fails) / 2)
      if (this.lossWhenVanish(vanished, nodes) <= LOSS_PROBABILITY_MAX) survives = vanished
      else fails = vanished
    }
    return nodes === 0 ? 0 : survives / nodes
  }

  /**
   * Days until the probability that some stripe is lost reaches 1 in 1,000 when nobody repairs and every holder leaves for good
   * after a time of its own, exponentially distributed with the mean NODE_LIFETIME_MS. Rounded down to hundredths.
   */
  unattendedDays(): number {
    let [survives, fails] = [0, 1]
    for (let step = 0; step < SHARE_BISECTIONS; step++) {
      const left = (survives + fails) / 2
      if (this.lossWhenEachLeft(left) < UNATTENDED_LOSS_MAX) survives = left
      else fails = left
    }
    const days = (NODE_LIFETIME_MS / DAY) * (0 - ln(1 - survives))
    return Math.floor(days * DAYS_PARTS) / DAYS_PARTS
  }

  /** How many of a stripe's holders are among `vanished` of `nodes` is hypergeometric. */
  private lossWhenVanish(vanished: number, nodes: number): number {
    const all = logChoose(nodes, vanished)
    return this.expectedLoss((holders, departed) => {
      const spared = nodes - holders
      if (departed > vanished || vanished - departed > spared) return 0
      return probability(logChoose(holders, departed) + logChoose(spared, vanished - departed) - all)
    })
  }

  /** How many of a stripe's holders have left, each with probability `left` strictly within 0 and 1, is binomial. */
  private lossWhenEachLeft(left: number): number {
    const [logLeft, logStayed] = [ln(left), ln(1 - left)]
    return this.expectedLoss((holders, departed) =>
      probability(logChoose(holders, departed) + departed * logLeft + (holders - departed) * logStayed),
    )
  }

  private expectedLoss(likelihood: (holders: number, departed: number) => number): number {
    let loss = 0
    for (const { holders, areSame, lostGiven } of this.byHolders.values()) {
      for (const [departed, lost] of lostGiven.entries()) {
        if (lost > 0) loss += (areSame ? Math.min(1, lost) : lost) * likelihood(holders, departed)
      }
    }
    return loss
  }

  /** Where there are many sets of holders, as in large networks, later ones are added up by how many they are. */
  private alike(holders: readonly string[]): Alike {
    const set = holders.join()
    const areSame = this.byHolders.has(set) || this.byHolders.size < HOLDER_SETS_MAX
    const key = areSame ? set : `any ${holders.length}`
    const fresh = { holders: holders.length, areSame, lostGiven: new Float64Array(holders.length + 1) }
    const alike = this.byHolders.get(key) ?? fresh
    this.byHolders.set(key, alike)
    return alike
  }
}

/**
 * How many of those who keep so many fragments each may depart, whichever they are, while `needed` are left: those who keep most
 * go first. 0 also when the stripe is lost already.
 */
export function survivableWorst(held: ReadonlyMap<string, number>, needed: number): number {
  const counts = [...held.values()].filter((count) => count > 0).sort((a, b) => b - a)
  let left = counts.reduce((sum, count) => sum + count, 0)
  let departed = 0
  for (const count of counts) {
    left -= count
    if (left < needed) break
    departed++
  }
  return departed
}

/** For each number of departed holders, the share of equally likely sets of that size which leave fewer than `needed`. */
function lossByDepartures(holders: readonly number[], needed: number): readonly number[] {
  // subsets[d][s]: sets of d departed among the holders seen so far that leave s fragments, s capped at needed.
  const width = needed + 1
  let subsets = new Float64Array(width)
  subsets[0] = 1
  for (const [seen, count] of holders.entries()) {
    const next = new Float64Array((seen + 2) * width)
    for (let departed = 0; departed <= seen; departed++) {
      for (let left = 0; left <= needed; left++) {
        const ways = subsets[departed * width + left] ?? 0
        if (ways === 0) continue
        const kept = departed * width + Math.min(needed, left + count)
        const gone = (departed + 1) * width + left
        next[kept] = (next[kept] ?? 0) + ways
        next[gone] = (next[gone] ?? 0) + ways
      }
    }
    subsets = next
  }
  return Array.from({ length: holders.length + 1 }, (_, departed) => {
    // Summed and not subtracted from all, which would leave a rounding error where nothing is lost.
    const lost = subsets.subarray(departed * width, departed * width + needed).reduce((sum, ways) => sum + ways, 0)
    return lost / (lost + (subsets[departed * width + needed] ?? 0))
  })
}

/** Below e^-700 there is nothing to add to what is compared with 1e-6. */
function probability(logarithm: number): number {
  return logarithm < -700 ? 0 : exp(logarithm)
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}

const LOG_FACTORIALS = [0]

/** Summed up to 256, by Stirling's series beyond, where it is exact to 1e-12. */
function logFactorial(n: number): number {
  if (n > 256) return n * ln(n) - n + 0.5 * ln(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n * n * n)
  for (let i = LOG_FACTORIALS.length; i <= n; i++) LOG_FACTORIALS.push((LOG_FACTORIALS[i - 1] ?? 0) + ln(i))
  return LOG_FACTORIALS[n] ?? 0
}
