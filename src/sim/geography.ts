/**
 * Where the nodes of a world are: regions of the world, autonomous systems (ASes), addresses, and the latency that follows.
 * Every node's place follows from the seed and its number alone, so a world may grow without changing anybody's.
 *
 * A model, not a map. Its figures are published ones where a source is named and choices of ours elsewhere. Absent on
 * purpose: routes. Cutting or ending an AS or a region is for whoever drives the world, with the lists given here.
 */
import { assert, present } from '../base/assert.ts'
import { power } from '../base/exactMath.ts'
import type { LinkOptions } from './links.ts'
import { SeededRandom } from './seededRandom.ts'

export type Region = 'north america' | 'europe' | 'east asia' | 'south asia' | 'south america' | 'oceania'

export const REGIONS: readonly Region[] = [
  'north america',
  'europe',
  'east asia',
  'south asia',
  'south america',
  'oceania',
]

/**
 * The share of nodes in each of REGIONS: reachable Bitcoin nodes of 2019, as measured for SimBlock (Aoki et al. 2019,
 * https://github.com/dsg-titech/simblock); its Asia and Japan divided between East and South Asia by guess.
 */
const REGION_SHARES: readonly number[] = [0.33, 0.5, 0.1, 0.04, 0.01, 0.02]

/**
 * Round trips in milliseconds. Between regions: means of January and February 2026 in IBM Cloud's network between Washington,
 * Frankfurt, Tokyo, Chennai, São Paulo and Sydney (https://cloud.ibm.com/docs/vpc, "network latency"). Within
 * a region: SimBlock's figures for 2019, for East Asia AWS's between Tokyo and Seoul.
 */
const ROUND_TRIP_MS: readonly (readonly number[])[] = [
  [32, 86, 140, 235, 125, 214],
  [86, 11, 239, 138, 200, 251],
  [140, 239, 31, 111, 283, 115],
  [235, 138, 111, 85, 361, 125],
  [125, 200, 283, 361, 88, 324],
  [214, 251, 115, 125, 324, 16],
]

/**
 * From a node to its provider's network, one way: a server, fibre, cable, DSL. The order of magnitude is that of the FCC's
 * reports "Measuring Broadband America"; the shares are a choice. A node is up to a quarter off its kind's figure.
 */
const LAST_MILES: readonly { readonly share: number; readonly ms: number }[] = [
  { share: 0.3, ms: 0.5 },
  { share: 0.3, ms: 5 },
  { share: 0.25, ms: 9 },
  { share: 0.15, ms: 18 },
]
const LAST_MILE_SPREAD = 0.25

/** As many as the nodes of IPFS were found in (Trautwein et al., "Design and Evaluation of IPFS", SIGCOMM 2022). */
export const AS_COUNT = 2715
/**
 * The share of the r-th largest AS falls with (r + OFFSET)^-EXPONENT (Zipf and Mandelbrot). With these two the largest 2 have
 * 33 % of all nodes, 5 have 52 %, 10 have 65 %; the same paper found "more than 30", "more than 50" and 64.9 %.
 */
const AS_OFFSET = 1.5
const AS_EXPONENT = 1.58

/** The AS of this share of all nodes has this many /16 networks; every AS has at least one. */
const NETWORKS_PER_SHARE = 60
/**
 * A choice: this share of an AS's nodes stands in the first /24s of its first /16, as in the racks of a hosting company: half of
 * them in the first one, a quarter in the second, and so on.
 */
const CROWDED_SHARE = 0.2
const CROWDED_SUBNETS = 32
/** The first /16 of all: public addresses from here up, free of reserved networks for the next 88 * 256. */
const FIRST_OCTET = 11

/** An AS by the rank of its size in the model, from 1 for the largest. */
export type AsNumber = number

interface AutonomousSystem {
  readonly region: number
  /** The sum of the shares up to and including this AS's. */
  readonly shareUpTo: number
  readonly firstNetwork: number
  readonly networkCount: number
}

interface Place {
  readonly as: AsNumber
  readonly region: number
  readonly lastMileMs: number
}

export class Geography {
  private readonly dice: SeededRandom
  private readonly places: Place[] = []

  constructor(seed: number) {
    this.dice = new SeededRandom(seed).fork('geography')
  }

  /** One way between two nodes, for {@link LinkOptions.latencyMs}. */
  readonly latencyMs: NonNullable<LinkOptions['latencyMs']> = (from, to) => {
    const [here, there] = [this.place(from), this.place(to)]
    const tripMs = present(ROUND_TRIP_MS[here.region]?.[there.region], 'a round trip') / 2
    return tripMs + here.lastMileMs + there.lastMileMs
  }

  /** A node's IPv4 address, for `WorldOptions.hostName`. */
  readonly hostName = (node: number): string => this.addressAt(node, 0)

  /** The address a node has after it has moved `moves` times, within its AS. Few nodes share one, as behind a carrier's NAT. */
  addressAt(node: number, moves: number): string {
    const dice = this.dice.fork(`address/${node}/${moves}`)
    const { firstNetwork, networkCount } = systemOf(this.place(node).as)
    const isCrowded = dice.fraction() < CROWDED_SHARE
    const network = firstNetwork + (isCrowded ? 0 : dice.integer(networkCount))
    const subnet = isCrowded
      ? Math.clz32(dice.integer(2 ** CROWDED_SUBNETS))
      : CROWDED_SUBNETS + dice.integer(256 - CROWDED_SUBNETS)
    return `${FIRST_OCTET + (network >> 8)}.${network & 255}.${subnet}.${1 + dice.integer(254)}`
  }

  asOf(node: number): AsNumber {
    return this.place(node).as
  }

  regionOf(node: number): Region {
    return present(REGIONS[this.place(node).region], 'a region')
  }

  /** Those of the first `nodeCount` nodes that are in the region, in order. */
  nodesInRegion(region: Region, nodeCount: number): readonly number[] {
    return everyNode(nodeCount).filter((node) => this.regionOf(node) === region)
  }

  /** Those of the first `nodeCount` nodes that are in one of the ASes, in order. */
  nodesInAses(ases: readonly AsNumber[], nodeCount: number): readonly number[] {
    return everyNode(nodeCount).filter((node) => ases.includes(this.asOf(node)))
  }

  /** The `count` ASes that have most of the first `nodeCount` nodes, largest first; of equals the lower number. */
  largestAses(count: number, nodeCount: number): readonly AsNumber[] {
    const sizes = new Map<AsNumber, number>()
    for (const node of everyNode(nodeCount)) sizes.set(this.asOf(node), (sizes.get(this.asOf(node)) ?? 0) + 1)
    const ranked = [...sizes].sort(([a, sizeA], [b, sizeB]) => sizeB - sizeA || a - b)
    return ranked.slice(0, count).map(([as]) => as)
  }

  private place(node: number): Place {
    return (this.places[node] ??= this.newPlace(node))
  }

  private newPlace(node: number): Place {
    const dice = this.dice.fork(`place/${node}`)
    const as = asAt(dice.fraction())
    const { ms } = lastMileAt(dice.fraction())
    const lastMileMs = ms * (1 + LAST_MILE_SPREAD * (2 * dice.fraction() - 1))
    return { as, region: systemOf(as).region, lastMileMs }
  }
}

/** By number, without the first; they are the same in every world. */
const SYSTEMS = autonomousSystems()

function systemOf(as: AsNumber): AutonomousSystem {
  return present(SYSTEMS[as - 1], `AS ${as}`)
}

/** The AS in whose part of all shares a number in [0, 1) falls. */
function asAt(fraction: number): AsNumber {
  let [low, high] = [0, SYSTEMS.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (fraction < systemOf(middle + 1).shareUpTo) high = middle
    else low = middle + 1
  }
  return low + 1
}

function lastMileAt(fraction: number): { readonly ms: number } {
  let rest = fraction
  for (const kind of LAST_MILES) {
    rest -= kind.share
    if (rest < 0) return kind
  }
  return present(LAST_MILES.at(-1), 'the last kind')
}

/** Each AS, largest first, is in the region that lacks most of its own share so far, so that the shares of regions come true. */
function autonomousSystems(): readonly AutonomousSystem[] {
  const weights = Array.from({ length: AS_COUNT }, (_, rank) => power(rank + 1 + AS_OFFSET, -AS_EXPONENT))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const lacking = [...REGION_SHARES]
  const systems: AutonomousSystem[] = []
  let [shareUpTo, firstNetwork] = [0, 0]
  for (const weight of weights) {
    const share = weight / total
    const region = lacking.indexOf(Math.max(...lacking))
    lacking[region] = (lacking[region] ?? 0) - share
    shareUpTo += share
    const networkCount = Math.max(1, Math.floor(share * NETWORKS_PER_SHARE))
    systems.push({ region, shareUpTo, firstNetwork, networkCount })
    firstNetwork += networkCount
  }
  assert(firstNetwork < 88 * 256, 'every network of the model is a public one')
  return systems
}

function everyNode(nodeCount: number): readonly number[] {
  return Array.from({ length: nodeCount }, (_, node) => node)
}
