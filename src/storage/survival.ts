/**
 * What loss a stripe survives as it lies now. K of the network's N nodes vanish, every K equally likely: how many of the H
 * holders are among them is hypergeometric, and which fragments go with them is counted over all subsets of holders, since
 * holders may keep several fragments each.
 */
import { LOSS_PROBABILITY_MAX } from '../coding/code.ts'

/**
 * The largest share of `networkSize` nodes that may vanish at once while at least `needed` fragments survive with probability
 * >= 1 - 1e-6. `heldCounts`: distinct fragments of each holder. 0 when the stripe is lost already or survives no departure.
 */
export function survivableShare(heldCounts: readonly number[], needed: number, networkSize: number): number {
  const holders = heldCounts.filter((count) => count > 0)
  const nodes = Math.max(networkSize, holders.length)
  if (holders.reduce((sum, count) => sum + count, 0) < needed) return 0
  const lostGiven = lossByDepartures(holders, needed)
  let [survives, fails] = [0, nodes + 1]
  while (fails - survives > 1) {
    const vanished = Math.floor((survives + fails) / 2)
    if (lossProbability(lostGiven, nodes, vanished) <= LOSS_PROBABILITY_MAX) survives = vanished
    else fails = vanished
  }
  return survives / nodes
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
    const row = subsets.subarray(departed * width, (departed + 1) * width)
    const all = row.reduce((sum, ways) => sum + ways, 0)
    return (all - (row[needed] ?? 0)) / all
  })
}

/** Over the hypergeometric number of holders among `vanished` of `nodes`. */
function lossProbability(lostGiven: readonly number[], nodes: number, vanished: number): number {
  const holders = lostGiven.length - 1
  const all = logChoose(nodes, vanished)
  let probability = 0
  for (let departed = Math.max(0, vanished - (nodes - holders)); departed <= Math.min(holders, vanished); departed++) {
    const lost = lostGiven[departed] ?? 0
    if (lost === 0) continue
    probability += lost * Math.exp(logChoose(holders, departed) + logChoose(nodes - holders, vanished - departed) - all)
  }
  return probability
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}

const LOG_FACTORIALS = [0]

/** Summed up to 256, by Stirling's series beyond, where it is exact to 1e-12. */
function logFactorial(n: number): number {
  if (n > 256) return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3)
  for (let i = LOG_FACTORIALS.length; i <= n; i++) LOG_FACTORIALS.push((LOG_FACTORIALS[i - 1] ?? 0) + Math.log(i))
  return LOG_FACTORIALS[n] ?? 0
}
