/** A1, the overlay's part: lookups after most of the network has vanished at one instant. */
import { lookupSuccess } from '../lookups.ts'
import type { Case, Scenario, Size } from '../scenario.ts'
import { FIVE_MINUTES, Subject } from '../subject.ts'

export const massDeath: Scenario = {
  id: 'A1',
  title: 'lookups five minutes after a share of all nodes has vanished at once',
  promise: 'Five minutes after four of five nodes have gone, those that are left find one another.',
  rules:
    'In a settled network random nodes vanish without a word, so that they are silent rather than refusing. Five minutes later random survivors look up ' +
    'random points; a lookup succeeds when the living node nearest to the point is in the region it finds.',
  unit: 'share',
  full: { nodes: 2000, trials: 1000 },
  quick: { nodes: 60, trials: 100 },
  seedCount: 6,
  cases: [0.5, 0.6, 0.8].map((killed): Case => ({
    parameters: { killed },
    target: { atLeast: 0.999 },
    measure: (seed, size) => successAfter(seed, killed, size),
  })),
}

async function successAfter(seed: number, killed: number, { nodes, trials }: Size): Promise<number> {
  const subject = await Subject.settled({ seed, nodes })
  await subject.wake(subject.honest())
  const living = [...subject.honest()]
  for (let count = Math.round(killed * nodes); count > 0; count--) {
    const [victim] = living.splice(subject.world.random.integer(living.length), 1)
    if (victim !== undefined) subject.world.crash(victim, 'vanish')
  }
  await subject.world.run(FIVE_MINUTES)
  return lookupSuccess(subject, trials)
}
