/** The promises about growth: what becomes of paths, load and cost as the network grows. */
import { disjointPaths, type Graph } from '../disjointPaths.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Case, Scenario, Target } from '../scenario.ts'
import { Subject } from '../subject.ts'

const SIZES_FULL = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 10_000]
const PAIRS = 20

interface Measure {
  readonly name: string
  readonly title: string
  readonly yLabel: string
  readonly target: Target
  readonly of: (subject: Subject, lookups: number) => Promise<number>
}

const MEASURES: readonly Measure[] = [
  {
    name: 'paths',
    title: 'Independent paths between two nodes',
    yLabel: 'edge-disjoint paths (median of random pairs)',
    target: { along: 'never falls' },
    of: async (subject) => medianDisjointPaths(subject),
  },
  {
    name: 'requests',
    title: 'Requests of one lookup',
    yLabel: 'requests (mean)',
    target: 'none',
    of: async (subject, lookups) => (await loadsOf(subject, lookups)).reduce((sum, load) => sum + load, 0) / lookups,
  },
  {
    name: 'load-gini',
    title: 'How unevenly lookups load the nodes',
    yLabel: 'Gini coefficient of requests answered',
    target: { along: 'never rises' },
    of: async (subject, lookups) => gini(await loadsOf(subject, lookups)),
  },
  {
    name: 'load-peak',
    title: 'The busiest node against the mean',
    yLabel: 'most requests answered over the mean',
    target: 'none',
    of: async (subject, lookups) => peakOverMean(await loadsOf(subject, lookups)),
  },
]

/** One scenario for each measure, each with a chart over the network's size. */
export const growth: readonly Scenario[] = MEASURES.map((measure) => ({
  id: `G-${measure.name}`,
  title: measure.title.toLowerCase(),
  rules:
    'An honest network in which everybody has joined and settled. Load: random nodes look up random points, ten for each node, and ' +
    'every node counts the questions it answers meanwhile. Paths: edge-disjoint paths between random pairs through the tables (maximum flow).',
  unit: 'ratio',
  full: { nodes: 10_000, trials: 10 },
  quick: { nodes: 64, trials: 10 },
  fixedSize: true,
  cases: SIZES_FULL.map((nodes) => caseOf(measure, nodes)),
  chart: {
    name: `resilience-growth-${measure.name}`,
    title: measure.title,
    x: 'N',
    xLabel: 'nodes',
    yLabel: measure.yLabel,
    logX: true,
  },
}))

function caseOf({ target, of }: Measure, nodes: number): Case {
  return {
    parameters: { N: nodes },
    target,
    largerThanQuick: nodes > 128,
    measure: async (seed, { trials }) => of(await Subject.start({ seed, nodes }), trials * nodes),
  }
}

/** Questions that each node answered while `lookups` lookups ran. */
async function loadsOf(subject: Subject, lookups: number): Promise<readonly number[]> {
  const nodes = subject.honest()
  const before = nodes.map((node) => subject.answered(node, 'find'))
  await lookupSuccess(subject, lookups)
  return nodes.map((node, nth) => subject.answered(node, 'find') - (before[nth] ?? 0))
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
  const graph: Graph = nodes.map((node) =>
    subject
      .overlay(node)
      .contacts()
      .flatMap(({ id }) => subject.nodeOf(id) ?? []),
  )
  const counts = Array.from({ length: PAIRS }, () => {
    const from = subject.randomOf(nodes)
    const to = subject.randomOf(nodes.filter((node) => node !== from))
    return disjointPaths(graph, from, to)
  })
  return counts.sort((a, b) => a - b)[PAIRS / 2] ?? 0
}
