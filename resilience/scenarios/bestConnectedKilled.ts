/** A15: an attacker that kills the best-connected nodes, minute after minute, and the load that the others carry. */
import { MINUTE } from '../../src/base/units.ts'
import { killBestConnected } from '../../src/sim/attackers/adaptiveKiller.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const STRIKES = 60
const SHARE = 0.01

export const bestConnectedKilled: Scenario = {
  id: 'A15',
  title: 'the best-connected 1 % killed every minute for an hour',
  promise: 'There are no hubs to shoot at: lookups go on, and nobody is left with the load of the dead.',
  rules:
    'Every minute for an hour the 1 % of the living that most others have in their tables vanish. Lookups: the share that finds the ' +
    'nearest living node right after the last strike. Load: over that hour, the most requests that one survivor answered, against the mean.',
  unit: 'share',
  full: { nodes: 2000, trials: 1000 },
  // Every strike takes one node at least, so that a smaller network would be gone.
  quick: { nodes: 100, trials: 100 },
  seedCount: 6,
  cases: [
    {
      lines: [
        { parameters: { measure: 'lookups that succeed' }, target: { atLeast: 0.99 } },
        { parameters: { measure: 'most load of one node over the mean' }, target: { atMost: 5 }, unit: 'ratio' },
      ],
      measure: successAndLoad,
    },
  ],
}

async function successAndLoad(seed: number, size: Size): Promise<readonly number[]> {
  const subject = await struck(seed, size)
  const load = peakOverMean(subject)
  return [await lookupSuccess(subject, size.trials), load]
}

function peakOverMean(subject: Subject): number {
  const loads = subject.honest().map((node) => subject.answered(node, 'find') + subject.answered(node, 'ping'))
  return Math.max(...loads) / (loads.reduce((sum, load) => sum + load, 0) / loads.length)
}

async function struck(seed: number, { nodes }: Size): Promise<Subject> {
  const subject = await Subject.settled({ seed, nodes })
  await subject.wake(subject.honest())
  const degrees = new Map<number, number>()
  for (const node of subject.honest()) {
    for (const { id } of subject.overlay(node).contacts()) {
      const known = subject.nodeOf(id)
      if (known !== undefined) degrees.set(known, (degrees.get(known) ?? 0) + 1)
    }
  }
  killBestConnected(subject.world, {
    share: SHARE,
    everyMs: MINUTE,
    strikes: STRIKES,
    importanceOf: (node) => degrees.get(node) ?? 0,
  })
  await subject.world.run(STRIKES * MINUTE)
  return subject
}
