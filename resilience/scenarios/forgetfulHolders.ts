/** A14: holders that say they keep what they have long dropped. */
import { DAY, HOUR, KIB } from '../../src/base/units.ts'
import type { StripeId } from '../../src/base/id.ts'
import type { Messages } from '../../src/wire/messages.ts'
import { GRACE_MS, REPAIR_SHARE } from '../../src/storage/limits.ts'
import { ForgetfulFragmentStore } from '../forgetfulFragmentStore.ts'
import type { Scenario, Size } from '../scenario.ts'
import { StorageSubject } from '../storageSubject.ts'

const SMALL_BYTES = 16
/** Any 16 fragments rebuild it. */
const LARGE_BYTES = 64 * KIB
/** Everybody has just been asked for proof, so that droppers have as long as they can have. */
const BEFORE_MS = 8 * HOUR
const AFTER_MS = 4 * DAY

export const forgetfulHolders: Scenario = {
  id: 'A14',
  title: 'holders that drop what they keep and say they have it',
  promise: 'Whoever drops what he keeps is found out within a day, and what he dropped is made again.',
  rules:
    'A fifth of all nodes drop all fragments at one instant, and whatever they are sent later, and go on to say that they have them. Half of the objects are small ' +
    '(code 1/20), half of 64 KiB (any 16 fragments rebuild them). Caught: a dropper is asked to prove a stripe that it says it has, and cannot; counted for each ' +
    'stripe of each. Repaired: of stripes that the droppers took down to three quarters or less, those that honest nodes have more of after four days. ' +
    'Who is there is known to the nodes and not looked up.',
  unit: 'part',
  full: { nodes: 200, trials: 200 },
  quick: { nodes: 60, trials: 10 },
  seedCount: 5,
  cases: [
    {
      lines: [
        {
          parameters: { dropping: 0.2, measure: 'hours until 99.9 % are caught' },
          target: { atMost: 24 },
          unit: 'ratio',
        },
        { parameters: { dropping: 0.2, measure: 'hours until half are caught' }, target: 'none', unit: 'ratio' },
        {
          parameters: { dropping: 0.2, measure: 'repaired' },
          target: { atLeast: 0.99 },
          quickTarget: { atLeast: 0.9 },
        },
        { parameters: { dropping: 0.2, measure: 'lost' }, target: { atMost: 0 } },
      ],
      measure: (seed, size) => measured(seed, 0.2, size),
    },
  ],
}

async function measured(seed: number, share: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const drops = (node: number): boolean => node < share * nodes
  let droppedMs = Infinity
  const caughtMs = new Map<string, number>()
  const subject: StorageSubject = new StorageSubject({
    seed,
    nodes,
    graceMs: GRACE_MS,
    isKnowing: true,
    alter: ({ fragments }, node) =>
      drops(node) ? { fragments: new ForgetfulFragmentStore(fragments, () => droppedMs < Infinity) } : {},
    meterOf: (node) => ({
      onAnswered: (kind, request) => {
        if (!drops(node) || kind !== 'prove' || droppedMs === Infinity) return
        for (const { stripe } of (request as Messages['prove']['request']).challenges) {
          const pair = pairOf(node, stripe)
          if (!caughtMs.has(pair)) caughtMs.set(pair, subject.world.clock.elapsedMs - droppedMs)
        }
      },
    }),
  })
  await subject.store(trials / 2, SMALL_BYTES)
  await subject.store(trials / 2, LARGE_BYTES)
  await subject.start()
  await subject.world.run(BEFORE_MS)
  droppedMs = subject.world.clock.elapsedMs
  const honest = subject.everybody().filter((node) => !drops(node))
  const pairs = subject
    .everybody()
    .filter(drops)
    .flatMap((node) => [...subject.world.disk(node).fragments.keys()].map((stripe) => pairOf(node, stripe)))
  const atRisk = stripesAtRisk(subject, honest)
  await subject.world.run(AFTER_MS)
  const stillAtRisk = stripesAtRisk(subject, honest)
  const hours = pairs.map((pair) => (caughtMs.get(pair) ?? Infinity) / HOUR).sort((a, b) => a - b)
  const repaired = atRisk.filter((stripe) => !stillAtRisk.includes(stripe)).length / Math.max(1, atRisk.length)
  return [quantile(hours, 0.999), quantile(hours, 0.5), repaired, subject.lostShare(honest)]
}

function pairOf(node: number, stripe: StripeId): string {
  return `${node}/${stripe}`
}

/** Of which these nodes have three quarters of the fragments or less. */
function stripesAtRisk(subject: StorageSubject, nodes: readonly number[]): readonly StripeId[] {
  const left = subject.fragmentsOf(nodes)
  const stripes = subject.objects.flatMap((object) => object.stripes)
  return stripes.filter(({ id, total }) => (left.get(id)?.size ?? 0) <= REPAIR_SHARE * total).map(({ id }) => id)
}

function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.ceil(share * ascending.length) - 1] ?? 0
}
