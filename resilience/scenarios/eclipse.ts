/** A6: many addresses that want single nodes to know nobody else, also after a restart. */
import { MINUTE, SECOND } from '../../src/base/units.ts'
import { eclipser } from '../../src/sim/attackers/eclipser.ts'
import type { Case, Scenario, Size } from '../scenario.ts'
import { FIVE_MINUTES, Subject } from '../subject.ts'

/** Honest nodes have 10.0.0.0/8; an attacker's networks stand elsewhere. */
const ATTACKER_NETWORKS = 1000

export const eclipse: Scenario = {
  id: 'A6',
  title: 'nodes eclipsed by attackers that call on them without end, across a restart',
  rules:
    'Attackers with addresses in one /16, or spread over 1,000 of them, join, call on their victims every few seconds and name only one ' +
    'another. After ten minutes the victims crash and start again with their disks; five minutes later a victim is eclipsed when it has ' +
    'no honest contact left.',
  unit: 'share',
  full: { nodes: 2000, trials: 100 },
  quick: { nodes: 40, trials: 8 },
  cases: [caseOf('one /16', 1, 0), caseOf('1,000 /16s', ATTACKER_NETWORKS, 0.01)],
}

function caseOf(addresses: string, networks: number, target: number): Case {
  return {
    parameters: { addresses },
    target: { atMost: target },
    measure: (seed, size) => eclipsedShare(seed, networks, size),
  }
}

async function eclipsedShare(seed: number, networks: number, { nodes, trials }: Size): Promise<number> {
  const victims = Array.from({ length: trials }, (_, nth) => nth + 1)
  // As many attackers as honest nodes.
  const subject = await Subject.start({
    seed,
    nodes: 2 * nodes,
    hostName: (node) => (node < nodes ? honestHost(node) : attackerHost(node - nodes, networks)),
    attackOf: (node, { conspiracy, world }) => {
      if (node < nodes) return undefined
      const victim = victims[node % trials] ?? 1
      return eclipser({ conspiracy, victim: () => world.contact(victim), everyMs: 5 * SECOND })
    },
  })
  const { world } = subject
  await world.run(10 * MINUTE)
  for (const victim of victims) world.crash(victim)
  await world.run(SECOND)
  for (const victim of victims) world.restart(victim, { disk: 'kept' })
  await world.run(FIVE_MINUTES)
  return victims.filter((victim) => isEclipsed(subject, victim)).length / trials
}

function isEclipsed(subject: Subject, victim: number): boolean {
  return subject
    .overlay(victim)
    .contacts()
    .every(({ id }) => subject.conspiracy.has(id))
}

function honestHost(node: number): string {
  return `10.${node >> 8}.${node & 255}.1`
}

function attackerHost(nth: number, networks: number): string {
  const network = nth % networks
  const within = Math.floor(nth / networks)
  return `${100 + (network >> 8)}.${network & 255}.${(within >> 8) & 255}.${within & 255}`
}
