/** A10, storage's part: what is still there after a day in two halves, and what was made again for nothing. */
import { HOUR } from '../../src/base/units.ts'
import { GRACE_MS } from '../../src/storage/limits.ts'
import type { Scenario, Size } from '../scenario.ts'
import { stored } from './churnStored.ts'

const HOURS = 24
/** Repairs that were begun for what is there again end, or begin late. */
const AFTER_HOURS = 12

export const partitionStored: Scenario = {
  id: 'A10-stored',
  title: 'a day in two halves: objects kept, fragments made again for nothing',
  promise:
    'A network in two halves loses nothing, and does not make everything anew because half of it is out of sight.',
  rules:
    'A random half of all nodes cannot reach the other for a day; a fragment counts as gone after the default grace period of 8 hours. Small objects of code 1/20, one in twenty of ' +
    '64 KiB. Lost: what all disks together cannot rebuild, twelve hours after the cut is mended. Made again: fragments of all repairs until then, over all that are stored; ' +
    'nobody has really left, so all of it is needless. Each node knows who is there on its side of the cut and in the whole network afterwards; finding ' +
    'that out is the overlay’s part (A10).',
  unit: 'part',
  full: { nodes: 200, trials: 400 },
  quick: { nodes: 60, trials: 20 },
  seedCount: 6,
  cases: [
    {
      lines: [
        { parameters: { hours: HOURS, measure: 'lost' }, target: { atMost: 0 } },
        { parameters: { hours: HOURS, measure: 'made again for nothing' }, target: { atMost: 0.05 } },
      ],
      measure: measured,
    },
  ],
}

async function measured(seed: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const subject = await stored({ seed, nodes, graceMs: GRACE_MS }, { nodes, trials })
  const { world } = subject
  await world.run(GRACE_MS)
  const all = subject.everybody()
  const left = new Set(subject.someOf(all, nodes / 2))
  const mend = subject.cut((node) => left.has(node))
  await world.run(HOURS * HOUR)
  mend()
  await world.run(AFTER_HOURS * HOUR)
  return [subject.lostShare(all), subject.repaired.fragments / subject.storedFragments]
}
