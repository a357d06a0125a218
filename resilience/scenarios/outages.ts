/** A9 and A10: the network off altogether and half of it back at new addresses; in two halves for hours and healed again. */
import { HOUR, MINUTE } from '../../src/base/units.ts'
import { lookupSuccess } from '../lookups.ts'
import type { Case, Scenario, Size } from '../scenario.ts'
import { FIVE_MINUTES, Subject } from '../subject.ts'

export const allOff: Scenario = {
  id: 'A9',
  title: 'everything off at once, half returns at new addresses',
  promise: 'A network that was switched off altogether comes back without anybody telling it where.',
  rules:
    'All nodes vanish at one instant. An hour later half of them start again over a minute, each at an address it never had, so that nothing ' +
    'they remember of one another leads anywhere, and nobody tells them whom to join. What they have is a rendezvous outside the network, ' +
    'such as a public DHT, that shows a reader 20 of those who left word there within the hour. Ten minutes after the last has started, lookups by random ' +
    'nodes must find the nearest living node, which takes one connected component.',
  unit: 'share',
  full: { nodes: 10_000, trials: 1000 },
  seedCount: 5,
  quick: { nodes: 100, trials: 100 },
  cases: [{ parameters: { returning: 0.5 }, target: { atLeast: 0.999 }, measure: successAfterReturn }],
}

export const partition: Scenario = {
  id: 'A10',
  title: 'two halves cut from each other for hours',
  promise: 'Two halves of a cut network are one again within five minutes of its mending.',
  rules:
    'A random half of the nodes of a settled network cannot reach the other for some hours. Five minutes after the cut is mended, random nodes look up random points ' +
    "and must find the nearest living node, wherever it was. Acknowledged writes are storage's part and not measured here.",
  unit: 'share',
  full: { nodes: 200, trials: 1000 },
  quick: { nodes: 40, trials: 100 },
  seedCount: 6,
  cases: [cutFor(2), { ...cutFor(24), largerThanQuick: true }],
}

async function successAfterReturn(seed: number, { nodes, trials }: Size): Promise<number> {
  const subject = await Subject.settled({ seed, nodes, bootstrapOnce: true, hasRendezvous: true })
  const { world } = subject
  for (let node = 0; node < nodes; node++) world.crash(node, 'vanish')
  await world.run(60 * MINUTE)
  for (let node = 0; node < nodes; node += 2) {
    world.move(node, `172.${16 + (node >> 16)}.${(node >> 8) & 255}.${node & 255}`)
    world.clock.after((node * MINUTE) / nodes, () => world.restart(node, { disk: 'kept' }))
  }
  await world.run(MINUTE + 10 * MINUTE)
  return lookupSuccess(subject, trials)
}

function cutFor(hours: number): Case {
  return {
    parameters: { hours },
    target: { atLeast: 0.999 },
    measure: (seed, size) => successAfterHealing(seed, hours, size),
  }
}

async function successAfterHealing(seed: number, hours: number, { nodes, trials }: Size): Promise<number> {
  const subject = await Subject.settled({ seed, nodes })
  await subject.wake(subject.honest())
  const all = Array.from({ length: nodes }, (_, node) => node)
  const isLeft = (node: number): boolean => node % 2 === 0
  const mend = subject.world.cut(
    all.filter(isLeft),
    all.filter((node) => !isLeft(node)),
  )
  await subject.world.run(hours * HOUR)
  mend()
  await subject.world.run(FIVE_MINUTES)
  return lookupSuccess(subject, trials)
}
