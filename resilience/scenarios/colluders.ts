/** A4: lookups of the shipped overlay among uniformly placed colluders that lie or drop. */
import { dropper } from '../../src/sim/attackers/dropper.ts'
import { liar } from '../../src/sim/attackers/liar.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Case, Published, Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const SHARES: readonly { readonly share: number; readonly target: number; readonly disjoint: number }[] = [
  { share: 0.2, target: 0.9999, disjoint: 1 },
  { share: 0.5, target: 0.999, disjoint: 0.96 },
  { share: 0.8, target: 0.99, disjoint: 0.47 },
]

export const colluders: Scenario = {
  id: 'A4',
  title: 'lookups among uniformly placed colluders',
  rules:
    'A share of all nodes, placed at random, joins like any other and then names only its own (liars) or nobody (droppers). A lookup ' +
    'by a random honest node succeeds when the living honest node nearest to a random point is in the region it finds. The ' +
    'published figures beside ours are those of 8 disjoint paths, which R-A4 reproduces.',
  unit: 'share',
  full: { nodes: 10_000, trials: 1000 },
  quick: { nodes: 150, trials: 100 },
  cases: SHARES.flatMap(({ share, target, disjoint }) => [
    caseOf('liars', share, target, { value: disjoint, low: disjoint, high: disjoint }),
    caseOf('droppers', share, target),
  ]),
  chart: {
    name: 'resilience-colluders',
    title: 'Lookups that succeed among colluders',
    x: 'share',
    xLabel: 'share of all nodes that are colluders',
    yLabel: 'share of lookups',
    series: 'colluders',
  },
}

function caseOf(kind: 'liars' | 'droppers', share: number, target: number, baseline?: Published): Case {
  return {
    parameters: { colluders: kind, share },
    ...(baseline === undefined ? {} : { baseline }),
    target: { atLeast: target },
    measure: (seed, size) => successAmong(seed, kind, share, size),
  }
}

async function successAmong(
  seed: number,
  kind: 'liars' | 'droppers',
  share: number,
  { nodes, trials }: Size,
): Promise<number> {
  const subject = await Subject.start({
    seed,
    nodes,
    attackOf: (node, { conspiracy }) => {
      if (!isColluder(node, share)) return undefined
      return kind === 'liars' ? liar(conspiracy) : dropper
    },
  })
  return lookupSuccess(subject, trials)
}

/** Ids are random, so any rule by number places colluders evenly; this one also spreads them over the time of joining. */
function isColluder(node: number, share: number): boolean {
  return Math.floor((node + 1) * share) > Math.floor(node * share)
}
