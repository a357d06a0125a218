/** R-A1: the share of objects lost when 50, 60 or 80 % of all nodes vanish at one instant, for the codes of five systems. */
import { present } from '../../src/base/assert.ts'
import { lostShare } from '../baselines/binomialLoss.ts'
import { rounded } from '../published.ts'
import type { Group, Published, Scenario } from '../scenario.ts'

const KILLED = [0.5, 0.6, 0.8] as const

interface System {
  readonly name: string
  readonly needed: number
  readonly total: number
  /** For each share of {@link KILLED}. */
  readonly lost: readonly [Published, Published, Published]
}

const NEARLY_ALL: Published = { value: 1, low: 0.995, high: 1 }

const SYSTEMS: readonly System[] = [
  { name: '3 replicas', needed: 1, total: 3, lost: [rounded(0.13, 2), rounded(0.22, 2), rounded(0.51, 2)] },
  { name: 'Tahoe 3/10', needed: 3, total: 10, lost: [rounded(5.5e-2, 2), rounded(0.17, 2), rounded(0.68, 2)] },
  { name: 'Storj 29/80', needed: 29, total: 80, lost: [rounded(4.8e-3, 2), rounded(0.21, 2), NEARLY_ALL] },
  { name: 'Glacier 5/48', needed: 5, total: 48, lost: [rounded(7.6e-10, 2), rounded(9.9e-7, 2), rounded(2.5e-2, 2)] },
  { name: 'ours 64/193', needed: 64, total: 193, lost: [rounded(1e-6, 1), rounded(2e-2, 1), NEARLY_ALL] },
]

export const lossBinomials: Scenario = {
  id: 'R-A1',
  title: 'objects lost when many nodes vanish at once, without repair',
  rules:
    'Each object has `total` fragments on distinct random nodes of a population of 100,000; exactly the stated share of all nodes ' +
    'vanishes; an object with fewer than `needed` fragments left is lost. Published: the binomial tail for each code, for Glacier ' +
    'also in its paper (Haeberlen et al., NSDI 2005). Losses below one in a hundred are estimated by importance sampling: ' +
    'more nodes are killed than stated, and each loss is weighed by how much less likely that was.',
  unit: 'share',
  full: { nodes: 100_000, trials: 50_000 },
  quick: { nodes: 100_000, trials: 4000 },
  quickSeedCount: 6,
  fixedSize: true,
  cases: SYSTEMS.map(groupOf),
}

function groupOf({ name, needed, total, lost }: System): Group {
  return {
    lines: KILLED.map((killed, nth) => ({
      parameters: { code: name, killed },
      baseline: present(lost[nth], 'what was published for each share'),
      target: 'reproduces',
    })),
    measure: async (seed, { trials }) => KILLED.map((killed) => lostShare(seed, { needed, total }, killed, trials)),
  }
}
