/** A2: what is lost, and what the others read, when the largest providers or a whole part of the world goes at once. */
import { KIB } from '../../src/base/units.ts'
import { Geography } from '../../src/sim/geography.ts'
import type { Group, Scenario, Size } from '../scenario.ts'
import { StorageSubject } from '../storageSubject.ts'
import { readShare } from './massDeathStored.ts'

const CONTENT_BYTES = 16
/** One object in five hundred is larger, and coded wide: any 16 of its fragments rebuild it. */
const LARGE_SHARE = 0.002
const LARGE_BYTES = 64 * KIB

type Gone = (geography: Geography, nodes: number) => readonly number[]

export const regionsLost: Scenario = {
  id: 'A2',
  title: 'the three largest providers, or a part of the world, gone at once',
  promise: 'The three largest providers may vanish together, and nothing is lost.',
  rules:
    'Nodes stand where the model of the world puts them (2,715 autonomous systems, sized as those of IPFS; the largest three have about 40 % of all ' +
    'nodes, Europe has half; a fifth of a provider’s nodes crowd a few /24s). Small objects of code 1/20 and some of 64 KiB lie where the shipped placement ' +
    'puts them, which spreads a stripe over subnets and knows nothing of providers. All nodes of the three largest, or of Europe, vanish; an object is lost when the disks that ' +
    'are left cannot rebuild it. Survivors then read what is left.',
  unit: 'share',
  full: { nodes: 1000, trials: 50_000 },
  quick: { nodes: 100, trials: 1000 },
  seedCount: 5,
  cases: [
    groupOf('three largest providers', 0, (geography, nodes) =>
      geography.nodesInAses(geography.largestAses(3, nodes), nodes),
    ),
    groupOf('Europe', 1e-5, (geography, nodes) => geography.nodesInRegion('europe', nodes)),
  ],
}

function groupOf(gone: string, atMost: number, goneOf: Gone): Group {
  return {
    lines: [
      { parameters: { gone, measure: 'lost' }, target: { atMost } },
      { parameters: { gone, measure: 'read' }, target: { atLeast: 0.999 }, unit: 'part' },
      { parameters: { gone, measure: 'nodes gone' }, target: 'none', unit: 'part' },
    ],
    measure: (seed, size) => measured(seed, goneOf, size),
  }
}

async function measured(seed: number, goneOf: Gone, { nodes, trials }: Size): Promise<readonly number[]> {
  const geography = new Geography(seed)
  const { hostName, latencyMs } = geography
  const subject = new StorageSubject({ seed, nodes, hostName, link: { latencyMs } })
  await subject.store(trials, CONTENT_BYTES)
  await subject.store(Math.round(trials * LARGE_SHARE), LARGE_BYTES)
  await subject.start()
  const gone = goneOf(geography, nodes)
  subject.vanish(gone)
  return [subject.lostShare(subject.living()), await readShare(subject), gone.length / nodes]
}
