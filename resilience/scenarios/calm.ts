/** What the defences cost and the size estimate is worth where nobody attacks: an honest network beside plain Kademlia. */
import { present } from '../../src/base/assert.ts'
import type { Point } from '../../src/base/id.ts'
import { SECOND } from '../../src/base/units.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { kademliaLookup } from '../baselines/kademliaLookup.ts'
import { median } from '../interval.ts'
import { traced } from '../lookupTrace.ts'
import type { Group, Line, Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const K = 20
const ALPHA = 3
const FIND_MS = 3 * SECOND
/** Nodes that look things up and estimate; all of a smaller network. */
const SEEKERS_MAX = 200
const ERROR_MAX = 0.15
/** Every join of a larger network is not simulated: it has the tables that a network comes to when it runs undisturbed. */
const JOINED_MAX = 200

const MEASURES: readonly Pick<Line, 'target' | 'unit' | 'parameters'>[] = [
  { parameters: { measure: 'requests over plain Kademlia’s' }, target: { atMost: 1.3 }, unit: 'ratio' },
  { parameters: { measure: 'size estimates within 15 %' }, target: 'none', unit: 'part' },
  { parameters: { measure: 'median error of size estimates' }, target: { atMost: ERROR_MAX }, unit: 'part' },
]

export const calm: Scenario = {
  id: 'C',
  title: 'nobody attacks: requests beside plain Kademlia, and what nodes think of the network’s size',
  promise:
    'The defences cost little while they are not needed, and half of all nodes or more know the network’s size to within 15 %.',
  rules:
    'Requests: the same nodes look up the same random points over the same tables and links, with the shipped lookup and with plain ' +
    "Kademlia's (Maymounkov and Mazières, 2002: 3 requests under way, an end when the nearest 20 known have answered, the 20 nearest of " +
    'each answer); all requests of the one over all of the other. Size: what up to 200 nodes that have been up for some minutes ' +
    'estimate, against the truth. Networks of up to 200 nodes have joined one another; larger ones have the tables that they come to when they run undisturbed.',
  unit: 'part',
  full: { nodes: 10_000, trials: 500 },
  quick: { nodes: 100, trials: 100 },
  seedCount: 6,
  cases: [groupOf(50), groupOf(200), groupOf(1000), groupOf('largest')],
}

function groupOf(network: number | 'largest'): Group {
  const isNamed = typeof network === 'number'
  return {
    lines: MEASURES.map((line) => ({
      ...line,
      parameters: { ...line.parameters, ...(isNamed ? { N: network } : { network }) },
    })),
    largerThanQuick: isNamed && network > 50,
    measure: (seed, size) => measured(seed, isNamed ? { ...size, nodes: network } : size),
  }
}

async function measured(seed: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const subject = await (nodes <= JOINED_MAX ? Subject.start({ seed, nodes }) : Subject.settled({ seed, nodes }))
  const seekers = subject.honest().slice(0, SEEKERS_MAX)
  await subject.wake(seekers)
  const errors = seekers.map((seeker) => Math.abs(subject.overlay(seeker).networkSize() / nodes - 1))
  const tries = Array.from({ length: trials }, () => [subject.randomOf(seekers), subject.randomPoint()] as const)
  const plain = await subject.until(tries.map(([seeker, point]) => plainRequests(subject, seeker, point)))
  const ours = await subject.until(tries.map(([seeker, point]) => traced(subject, seeker, point)))
  return [
    sum(ours.map(({ asked }) => asked.size)) / sum(plain),
    errors.filter((error) => error <= ERROR_MAX).length / errors.length,
    median(errors),
  ]
}

/** How many nodes plain Kademlia asks for this. */
async function plainRequests(subject: Subject, seeker: number, target: Point): Promise<number> {
  const { network } = present(subject.world.process(seeker), `node ${seeker}`)
  let count = 0
  await kademliaLookup({
    self: network.self.id,
    target,
    seeds: nearestOf(subject.overlay(seeker).contacts(), target, K),
    count: K,
    parallel: ALPHA,
    ask: (contact) => {
      count++
      return network.request(contact, 'find', { target }, { timeoutMs: FIND_MS }).then(
        ({ contacts }) => nearestOf(contacts, target, K),
        () => undefined,
      )
    },
  })
  return count
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
