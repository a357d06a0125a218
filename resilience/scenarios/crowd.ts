/** A12, the overlay's part: everybody wants the same region at once. */
import { MINUTE } from '../../src/base/units.ts'
import type { Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

/** For each node and minute; 10,000 nodes make 100,000. */
const WANTED_PER_NODE = 10
const IDLE_LOOKUPS = 200

export const crowd: Scenario = {
  id: 'A12',
  title: 'a hundred thousand requests a minute for one key',
  promise: 'However many want the same thing, no node carries more than a few times its share of it.',
  rules:
    'A minute long, random nodes of a settled network want the region of one key to read from it, ten times each on average. Load: what a ' +
    'node answers, its own wants out of its memory and the questions of others (REGION and FIND), against the mean. Waiting: the 99th ' +
    'percentile over all wants, against that of lookups of random points in the idle network. Reading what is kept in the region is ' +
    "storage's part and not measured here.",
  unit: 'ratio',
  full: { nodes: 10_000, trials: WANTED_PER_NODE },
  quick: { nodes: 400, trials: WANTED_PER_NODE },
  cases: [
    {
      lines: [
        { parameters: { measure: 'load of the busiest node over the mean' }, target: { atMost: 3 } },
        { parameters: { measure: 'questions of others to the busiest node over the mean of these' }, target: 'none' },
        { parameters: { measure: '99th percentile of waiting over that of an idle network' }, target: { atMost: 2 } },
      ],
      measure: crowdOn,
    },
  ],
}

async function crowdOn(seed: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const subject = await Subject.settled({ seed, nodes })
  const idleMs = await waits(subject, IDLE_LOOKUPS, () => ({ hearsay: false }))
  const before = subject.honest().map((node) => answersOf(subject, node))
  const own = new Map<number, number>()
  const key = subject.randomPoint()
  const crowdMs = await waits(subject, nodes * trials, (node) => {
    own.set(node, (own.get(node) ?? 0) + 1)
    return { hearsay: true, key }
  })
  const forOthers = subject.honest().map((node, nth) => answersOf(subject, node) - (before[nth] ?? 0))
  const loads = forOthers.map((load, node) => load + (own.get(node) ?? 0))
  return [peakOverMean(loads), peakOverMean(forOthers), percentile99(crowdMs) / percentile99(idleMs)]
}

/** How long each of `count` wants took, spread over a minute; of one key, or of random points without one. */
async function waits(
  subject: Subject,
  count: number,
  want: (node: number) => { readonly hearsay: boolean; readonly key?: ReturnType<Subject['randomPoint']> },
): Promise<readonly number[]> {
  const { clock, random } = subject.world
  const nodes = subject.honest()
  const tookMs: number[] = []
  for (let nth = 0; nth < count; nth++) {
    clock.after((nth * MINUTE) / count, () => {
      const node = nodes[random.integer(nodes.length)] ?? 0
      const { key = subject.randomPoint(), hearsay } = want(node)
      const fromMs = clock.elapsedMs
      void subject.region(node, key, { hearsay }).then(() => tookMs.push(clock.elapsedMs - fromMs))
    })
  }
  await subject.world.runUntil(() => tookMs.length === count, { limitMs: 3 * MINUTE })
  return tookMs
}

function answersOf(subject: Subject, node: number): number {
  return subject.answered(node, 'region') + subject.answered(node, 'find')
}

function peakOverMean(loads: readonly number[]): number {
  return (Math.max(...loads) * loads.length) / loads.reduce((sum, load) => sum + load, 0)
}

function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0
}
