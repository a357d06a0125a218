/**
 * How many coded objects are lost when a share of all nodes vanishes at one instant, counted in a population of holders. The
 * rules are those of Haeberlen et al., "Glacier: Highly durable, decentralized storage despite massive correlated failures"
 * (NSDI 2005), section 4: fragments lie on distinct random nodes, nothing is repaired, an object is lost when fewer fragments
 * are left than rebuild it. Losses too rare to be counted are sampled where they are common and weighed (importance sampling).
 */
import { lossProbability } from '../../src/coding/code.ts'
import type { Code } from '../../src/ports/coder.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'

/** So many nodes that an object's holders hardly ever die together: binomials take holders for independent. */
const POPULATION = 100_000
/** Rarer losses than this are weighed rather than counted. */
const COUNTED_MIN = 1e-2

/** The share of `objectCount` objects that is lost when the share `killed` of the population vanishes. */
export function lostShare(seed: number, code: Code, killed: number, objectCount: number): number {
  const dice = new SeededRandom(seed).fork(`loss ${code.needed}/${code.total}/${killed}`)
  const drawn = lossProbability(code, killed) >= COUNTED_MIN ? killed : Math.max(killed, lethalShare(code))
  const isDead = populationWithout(drawn, dice)
  let lostWeight = 0
  for (let object = 0; object < objectCount; object++) {
    const left = survivorsOf(code.total, isDead, dice)
    if (left < code.needed) lostWeight += likelihoodRatio(code.total - left, left, killed, drawn)
  }
  return lostWeight / objectCount
}

/** The share of vanished nodes at which about as many fragments are left as do not suffice. */
function lethalShare({ needed, total }: Code): number {
  return 1 - (needed - 0.5) / total
}

/** Exactly the share `killed` of all nodes, every set of that size equally likely. */
function populationWithout(killed: number, dice: SeededRandom): Uint8Array {
  const isDead = new Uint8Array(POPULATION)
  let toKill = Math.round(killed * POPULATION)
  for (let node = 0; node < POPULATION; node++) {
    if (dice.integer(POPULATION - node) >= toKill) continue
    isDead[node] = 1
    toKill--
  }
  return isDead
}

/** How many of an object's holders, distinct and random, are left. */
function survivorsOf(total: number, isDead: Uint8Array, dice: SeededRandom): number {
  const holders = new Set<number>()
  let left = 0
  while (holders.size < total) {
    const node = dice.integer(POPULATION)
    if (holders.has(node)) continue
    holders.add(node)
    if (isDead[node] === 0) left++
  }
  return left
}

/** How much likelier these deaths are when nodes die with chance `actual` than with chance `drawn`. */
function likelihoodRatio(dead: number, left: number, actual: number, drawn: number): number {
  return Math.exp(dead * Math.log(actual / drawn) + left * Math.log((1 - actual) / (1 - drawn)))
}
