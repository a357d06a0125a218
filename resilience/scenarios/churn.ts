/** A3, the overlay's part: lookups while nodes come and go with sessions of a quarter of an hour. */
import { HOUR, MINUTE } from '../../src/base/units.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const SESSION_MS_MEDIAN = 15 * MINUTE
/** Absences are as long as sessions, so that half of all nodes are there. */
const HOURS = 3
const SAMPLES = 6

export const churn: Scenario = {
  id: 'A3',
  title: 'sessions of 15 minutes',
  promise: 'A network whose nodes come and go by the quarter of an hour still finds its way.',
  rules:
    'Every node stays for a time whose logarithm is evenly spread around a median of 15 minutes (from 4 minutes to an hour), vanishes without a ' +
    'word, is away as long as it stayed, and returns with its disk. Over three hours, every half hour random nodes that are there ' +
    "look up random points. Thirty days and repair traffic are storage's part and not measured here.",
  unit: 'share',
  full: { nodes: 500, trials: 600 },
  quick: { nodes: 24, trials: 60 },
  seedCount: 6,
  cases: [{ parameters: { 'median minutes': 15 }, target: { atLeast: 0.999 }, measure: successUnderChurn }],
}

async function successUnderChurn(seed: number, { nodes, trials }: Size): Promise<number> {
  const subject = await Subject.start({ seed, nodes })
  for (let node = 0; node < nodes; node++) comeAndGo(subject.world, node)
  let succeeded = 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    await subject.world.run((HOURS * HOUR) / SAMPLES)
    succeeded += await lookupSuccess(subject, trials / SAMPLES)
  }
  return succeeded / SAMPLES
}

function comeAndGo(world: Subject['world'], node: number): void {
  const stayMs = SESSION_MS_MEDIAN * 4 ** (2 * world.random.fraction() - 1)
  world.clock.after(stayMs, () => {
    world.crash(node, 'vanish')
    world.clock.after(stayMs, () => {
      world.restart(node, { disk: 'kept' })
      comeAndGo(world, node)
    })
  })
}
