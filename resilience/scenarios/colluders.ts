/** A4: lookups of the shipped overlay among uniformly placed colluders that lie or drop. */
import { dropper } from '../../src/sim/attackers/dropper.ts'
import { liar } from '../../src/sim/attackers/liar.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Group, Published, Scenario } from '../scenario.ts'
import { Subject, type SubjectOptions } from '../subject.ts'

const SHARES: readonly { readonly share: number; readonly target: number; readonly disjoint: number }[] = [
  { share: 0.2, target: 0.9999, disjoint: 1 },
  { share: 0.5, target: 0.999, disjoint: 0.96 },
  { share: 0.8, target: 0.99, disjoint: 0.47 },
]

/** Lookups begin at so many nodes, which have been up for some minutes; what they know of the network is their own. */
const SEEKERS = 25
/** A world in which everybody joins among liars takes minutes where a settled one takes seconds. */
const JOINED_NODES_MAX = 2000

const RULES =
  'A share of all nodes, placed at random, names only its own when asked (liars: the 40 colluders nearest to the target) or nobody ' +
  '(droppers). A lookup by a random honest node succeeds when the living honest node nearest to a random point is in the region ' +
  'it finds. No lookup asks more than 1,000 nodes, whatever it meets. The published figures beside ours are those of 8 disjoint ' +
  'paths, which R-A4 reproduces.'

export const colluders: Scenario = {
  id: 'A4',
  title: 'lookups among uniformly placed colluders',
  rules: `${RULES} Tables are those of a settled network, colluders in them as anybody.`,
  unit: 'share',
  full: { nodes: 10_000, trials: 100 },
  quick: { nodes: 400, trials: 60 },
  cases: SHARES.flatMap(({ share, target, disjoint }) => [
    groupOf('liars', share, target, settledAmong, { value: disjoint, low: disjoint, high: disjoint }),
    groupOf('droppers', share, target, settledAmong),
  ]),
  charts: [
    {
      name: 'resilience-colluders',
      title: 'Lookups that succeed among colluders',
      x: 'share',
      xLabel: 'share of all nodes that are colluders',
      yLabel: 'share of lookups',
      series: 'colluders',
      of: { measure: 'lookups that succeed' },
    },
  ],
}

/** The same where the liars were there from the first day, and every honest node has joined through what they said. */
export const colludersFromTheStart: Scenario = {
  id: 'A4-joined',
  title: 'lookups among colluders that lied while everybody joined',
  rules: `${RULES} Everybody has joined one after another, and the colluders have lied from the start, so that tables have more of them than their share.`,
  unit: 'share',
  full: { nodes: JOINED_NODES_MAX, trials: 200 },
  quick: { nodes: 120, trials: 40 },
  seedCount: 5,
  cases: SHARES.map(({ share, target }) => groupOf('liars', share, target, joinedAmong)),
}

type Kind = 'liars' | 'droppers'
type Start = (seed: number, kind: Kind, share: number, nodes: number) => Promise<Subject>

function groupOf(kind: Kind, share: number, target: number, start: Start, baseline?: Published): Group {
  const parameters = { colluders: kind, share }
  return {
    lines: [
      {
        parameters: { ...parameters, measure: 'lookups that succeed' },
        ...(baseline === undefined ? {} : { baseline }),
        target: { atLeast: target },
      },
      {
        parameters: { ...parameters, measure: 'requests of a lookup (mean)' },
        unit: 'ratio',
        target: { atMost: 1000 },
      },
    ],
    measure: async (seed, { nodes, trials }) => {
      const subject = await start(seed, kind, share, nodes)
      const seekers = subject.honest().slice(0, SEEKERS)
      await subject.wake(seekers)
      const before = askedBy(subject, seekers)
      const success = await lookupSuccess(subject, trials, seekers)
      return [success, (askedBy(subject, seekers) - before) / trials]
    },
  }
}

function settledAmong(seed: number, kind: Kind, share: number, nodes: number): Promise<Subject> {
  return Subject.settled(optionsOf(seed, kind, share, nodes))
}

function joinedAmong(seed: number, kind: Kind, share: number, nodes: number): Promise<Subject> {
  return Subject.start(optionsOf(seed, kind, share, nodes))
}

function optionsOf(seed: number, kind: Kind, share: number, nodes: number): SubjectOptions {
  return {
    seed,
    nodes,
    attackOf: (node, { conspiracy }) => {
      if (!isColluder(node, share)) return undefined
      return kind === 'liars' ? liar(conspiracy) : dropper
    },
  }
}

function askedBy(subject: Subject, nodes: readonly number[]): number {
  return nodes.reduce((sum, node) => sum + (subject.world.process(node)?.network.asked('find') ?? 0), 0)
}

/** Ids are random, so any rule by number places colluders evenly; this one also spreads them over the time of joining. */
function isColluder(node: number, share: number): boolean {
  return Math.floor((node + 1) * share) > Math.floor(node * share)
}
