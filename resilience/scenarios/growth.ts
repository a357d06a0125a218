/** The promises about growth: what becomes of paths, hops, load, cost and the harm of a loss as the network grows. */
import type { Point } from '../../src/base/id.ts'
import { DisjointPaths } from '../disjointPaths.ts'
import { mean, median } from '../interval.ts'
import { traced, type LookupTrace } from '../lookupTrace.ts'
import type { Chart, Group, Line, Scenario, Size, Target, Unit } from '../scenario.ts'
import { Subject } from '../subject.ts'
import { Zipf } from '../zipf.ts'

const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 10_000]
const PAIRS = 20
/** Nodes that look things up; all of a smaller network. */
const SEEKERS_MAX = 500
/** Lookups under way at once. */
const AT_ONCE = 1000

interface Measure {
  readonly name: string
  readonly title: string
  readonly yLabel: string
  readonly target: Target
  readonly unit?: Unit
  readonly logY?: boolean
}

type Points = 'uniform' | 'Zipf'

const PATHS: Measure = {
  name: 'paths',
  title: 'Independent paths between two nodes',
  yLabel: 'edge-disjoint paths (median of random pairs)',
  target: { along: 'never falls' },
}
const HOPS: Measure = {
  name: 'hops',
  title: 'Hops of one lookup',
  yLabel: 'requests one after the other (mean)',
  target: 'none',
}
const REQUESTS: Measure = {
  name: 'requests',
  title: 'Requests of one lookup',
  yLabel: 'requests (mean)',
  target: 'none',
}
const DAMAGE: Measure = {
  name: 'damage',
  title: 'What the loss of one node touches',
  yLabel: 'share of lookups that ask or name it (mean)',
  target: { along: 'falls' },
  unit: 'part',
  logY: true,
}
const GINI: Measure = {
  name: 'load-gini',
  title: 'How unevenly lookups load the nodes',
  yLabel: 'Gini coefficient of requests answered',
  target: 'none',
}
const PEAK: Measure = {
  name: 'load-peak',
  title: 'The busiest node against the mean',
  yLabel: 'most requests answered over the mean',
  target: 'none',
}

export const growth: Scenario = {
  id: 'G',
  title: 'what growth does to paths, hops, load and the harm of a loss',
  promise: 'More nodes mean more independent paths, less harm by each lost node, and no hot spots.',
  rules:
    'An honest network with the tables that it comes to when it runs undisturbed. Up to 500 nodes look up points, two lookups for each node of the ' +
    'network. Paths: edge-disjoint paths between random pairs through the tables (maximum flow). Hops: how many requests must follow one another ' +
    'until the node nearest to the point is reached; none where the own table names it for certain. Damage: the share of lookups that ask a random node or name it as a ' +
    'member of the region they find, and so notice its loss. Load: questions that each node answers, over uniformly random points (none ' +
    'may answer more than five times the mean), and over as many points as nodes of which the r-th most popular is looked up as 1/r; ' +
    'what makes popular things cheap, caches on the way to them, is not part of the overlay and not measured here. That the Gini ' +
    'coefficient of load never rises is not kept: the smallest networks know all their nodes and ask nobody, so it begins at none; over uniform ' +
    'points it then stays near a tenth, and over popular ones it rises with the network.',
  unit: 'ratio',
  full: { nodes: 10_000, trials: 2 },
  quick: { nodes: 64, trials: 2 },
  seedCount: 6,
  fixedSize: true,
  cases: SIZES.map(groupOf),
  charts: [PATHS, HOPS, REQUESTS, DAMAGE, GINI, PEAK].map(chartOf),
}

function groupOf(nodes: number): Group {
  return {
    lines: [
      lineOf(PATHS, nodes),
      lineOf(HOPS, nodes),
      lineOf(REQUESTS, nodes),
      lineOf(DAMAGE, nodes),
      lineOf(GINI, nodes, 'uniform'),
      { ...lineOf(PEAK, nodes, 'uniform'), target: { atMost: 5 } },
      lineOf(GINI, nodes, 'Zipf'),
      lineOf(PEAK, nodes, 'Zipf'),
    ],
    largerThanQuick: nodes > 64,
    measure: (seed, size) => measured(seed, nodes, size),
  }
}

function lineOf({ name, target, unit }: Measure, nodes: number, points?: Points): Line {
  return {
    parameters: { measure: name, ...(points === undefined ? {} : { points }), N: nodes },
    target,
    ...(unit === undefined ? {} : { unit }),
  }
}

function chartOf({ name, title, yLabel, logY = false }: Measure): Chart {
  return {
    name: `resilience-growth-${name}`,
    title,
    x: 'N',
    xLabel: 'nodes',
    yLabel,
    ...(name.startsWith('load') ? { series: 'points' } : {}),
    of: { measure: name },
    logX: true,
    logY,
  }
}

/** In the order of the lines. */
async function measured(seed: number, nodes: number, { trials }: Size): Promise<readonly number[]> {
  const subject = await Subject.settled({ seed, nodes })
  const seekers = subject.honest().slice(0, SEEKERS_MAX)
  await subject.wake(seekers)
  const paths = medianDisjointPaths(subject)
  const uniform = Array.from({ length: trials * nodes }, () => subject.randomPoint())
  const lookUpAll = <T>(points: readonly Point[], lookUp: (seeker: number, point: Point) => Promise<T>) =>
    loadsOf(subject, () => inBatches(subject, points, (point) => lookUp(subject.randomOf(seekers), point)))
  const [traces, evenLoads] = await lookUpAll(uniform, (seeker, point) => traced(subject, seeker, point))
  const zipf = new Zipf(nodes)
  const favourites = Array.from({ length: trials * nodes }, () => uniform[zipf.draw(subject.world.random)] as Point)
  const [, unevenLoads] = await lookUpAll(favourites, (seeker, point) => subject.region(seeker, point))
  return [
    paths,
    mean(traces.map((trace) => hopsOf(trace, subject))),
    mean(traces.map(({ asked }) => asked.size)),
    mean(traces.map(touchedCount)) / nodes,
    gini(evenLoads),
    peakOverMean(evenLoads),
    gini(unevenLoads),
    peakOverMean(unevenLoads),
  ]
}

async function inBatches<T>(
  subject: Subject,
  points: readonly Point[],
  lookUp: (point: Point) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = []
  for (let at = 0; at < points.length; at += AT_ONCE) {
    results.push(...(await subject.until(points.slice(at, at + AT_ONCE).map(lookUp))))
  }
  return results
}

/** What `work` gives, and the questions that each node answered meanwhile. */
async function loadsOf<T>(subject: Subject, work: () => Promise<T>): Promise<readonly [T, readonly number[]]> {
  const nodes = subject.honest()
  const before = nodes.map((node) => subject.answered(node, 'find'))
  const result = await work()
  return [result, nodes.map((node, nth) => subject.answered(node, 'find') - (before[nth] ?? 0))]
}

function hopsOf({ seeker, asked, region, depths }: LookupTrace, subject: Subject): number {
  const nearest = region?.members.find(({ id }) => id !== subject.world.contact(seeker).id)
  return nearest === undefined || asked.size === 0 ? 0 : (depths.get(nearest.id) ?? 0)
}

function touchedCount({ asked, region }: LookupTrace): number {
  return new Set([...asked, ...(region?.members.map(({ id }) => id) ?? [])]).size
}

/** 1 when all carry the same, also when that is nothing. */
function peakOverMean(loads: readonly number[]): number {
  const total = loads.reduce((sum, load) => sum + load, 0)
  return total === 0 ? 1 : (Math.max(...loads) * loads.length) / total
}

/** 0 when all carry the same, towards 1 when one carries everything. */
function gini(loads: readonly number[]): number {
  const sorted = [...loads].sort((a, b) => a - b)
  const total = sorted.reduce((sum, load) => sum + load, 0)
  if (total === 0) return 0
  const weighted = sorted.reduce((sum, load, nth) => sum + (2 * nth - sorted.length + 1) * load, 0)
  return weighted / (sorted.length * total)
}

function medianDisjointPaths(subject: Subject): number {
  const nodes = subject.honest()
  const paths = new DisjointPaths(
    nodes.map((node) =>
      subject
        .overlay(node)
        .contacts()
        .flatMap(({ id }) => subject.nodeOf(id) ?? []),
    ),
  )
  const counts = Array.from({ length: PAIRS }, () => {
    const from = subject.randomOf(nodes)
    const to = subject.randomOf(nodes.filter((node) => node !== from))
    return paths.between(from, to)
  })
  return median(counts)
}
