/** A7: newcomers by the hundred for each node, and what the old nodes still find. */
import { HOUR, MINUTE, SECOND } from '../../src/base/units.ts'
import { flood, flooder } from '../../src/sim/attackers/joinFlood.ts'
import { IdOrder } from '../../src/sim/idOrder.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const NEWCOMERS_PER_NODE = 100
const STAY_MS = 10 * MINUTE

export const joinFlood: Scenario = {
  id: 'A7',
  title: 'a hundred newcomers for each node within an hour',
  promise: 'Newcomers, however many, do not push out those who were there.',
  rules:
    'Newcomers join evenly over an hour, 100 for every node that was there, ask somebody of the old every five seconds, and vanish after ten ' +
    'minutes. At the end of the hour the old nodes look up random points; a lookup succeeds when the nearest living node is in the ' +
    'region it finds, newcomer or not. The goodput of storage pairs is not part of this measurement.',
  unit: 'share',
  full: { nodes: 100, trials: 500 },
  quick: { nodes: 4, trials: 50 },
  seedCount: 3,
  cases: [
    { parameters: { 'newcomers per node': NEWCOMERS_PER_NODE }, target: { atLeast: 0.99 }, measure: successUnderFlood },
  ],
}

async function successUnderFlood(seed: number, { nodes, trials }: Size): Promise<number> {
  const subject = await Subject.start({
    seed,
    nodes,
    attackOf: (node, of) => {
      if (node < nodes) return undefined
      return flooder({ anybody: () => of.world.contact(of.world.random.integer(nodes)), askEveryMs: 5 * SECOND })
    },
  })
  const old = subject.honest()
  flood(subject.world, { count: NEWCOMERS_PER_NODE * nodes, durationMs: HOUR, stayMs: STAY_MS })
  await subject.world.run(HOUR)
  return lookupSuccess(subject, trials, old, livingOrder(subject))
}

/** Whoever joined counts, whatever for. */
function livingOrder({ world }: Subject): IdOrder {
  const all = Array.from({ length: world.nodeCount }, (_, node) => node)
  return new IdOrder(all.filter((node) => world.isUp(node)).map((node) => world.contact(node)))
}
