/** R-A5: a provider record of IPFS eclipsed by ids that were ground next to its key. */
import { present } from '../../src/base/assert.ts'
import { ID_BYTES, parseId, type NodeId, type Point } from '../../src/base/id.ts'
import { groundIdsNearerThan } from '../../src/sim/attackers/groundIds.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'
import { ConvergedWorld } from '../baselines/convergedWorld.ts'
import { closestPeers, type WalkOptions } from '../baselines/ipfsProviders.ts'
import { seenIn } from '../published.ts'
import type { Case, Published, Scenario, Size } from '../scenario.ts'

const BUCKET_SIZE = 20

/** Shares of attacks after which nobody found the record, with how many attacks the published result files hold. */
const PUBLISHED: readonly { readonly sybils: number; readonly eclipsed: Published }[] = [
  { sybils: 15, eclipsed: seenIn(150, 0.18) },
  { sybils: 20, eclipsed: seenIn(49, 0.69) },
  { sybils: 30, eclipsed: seenIn(50, 0.84) },
  { sybils: 45, eclipsed: seenIn(100, 0.99) },
]

export const ipfsEclipse: Scenario = {
  id: 'R-A5',
  title: 'IPFS: provider records eclipsed by ids ground next to a key',
  rules:
    'As in Sridhar et al., "Content Censorship in the InterPlanetary File System" (NDSS 2024) and its published artifacts: S ids, all ' +
    'nearer to the key than the nearest honest node, join a converged network (10,600 nodes, the size their logs estimate; buckets of ' +
    '20 that evict nobody). They answer FIND truthfully and keep no provider records. A provider then puts its record on the 20 ' +
    'nearest nodes it finds, and another node searches it, both by the rules of go-libp2p-kad-dht (10 requests under way, ended by the ' +
    'nearest 3, follow-up to the nearest 20). Eclipsed: the search finds no record. In converged tables these rules give a step: with ' +
    'fewer than 20 ids some of the 20 nearest are honest, with more none. The published curve is smoother, and its logs show why: ' +
    '90 seconds after the ids had started, lookups found between 3 of 20 ids and all of them. That depends on the live network of ' +
    'that day and is not modelled; the published figures are therefore not reproduced, and our own are compared with the step.',
  unit: 'share',
  full: { nodes: 10_600, trials: 50 },
  quick: { nodes: 10_600, trials: 15 },
  fixedSize: true,
  cases: PUBLISHED.map(({ sybils, eclipsed }): Case => ({
    parameters: { S: sybils },
    baseline: eclipsed,
    target: 'reproduces',
    measure: (seed, size) => eclipsedShare(seed, sybils, size),
  })),
}

async function eclipsedShare(seed: number, sybils: number, { nodes, trials }: Size): Promise<number> {
  const dice = new SeededRandom(seed).fork('keys')
  const keys = Array.from({ length: trials }, (): Point => present(parseId(dice.bytes(ID_BYTES)), 'a key'))
  const world = await ConvergedWorld.start({
    seed,
    nodes,
    colluders: 0,
    bucketSize: BUCKET_SIZE,
    falseReply: () => () => undefined,
    newcomers: ({ population }) =>
      keys.flatMap((key) => groundAt(key, population.nearest(key, 1)[0]?.id, sybils, dice)),
  })
  const outcomes = await world.until(keys.map((key) => isEclipsed(world, key)))
  return outcomes.filter(Boolean).length / trials
}

function groundAt(key: Point, nearest: NodeId | undefined, count: number, dice: SeededRandom): readonly NodeId[] {
  return groundIdsNearerThan(key, present(nearest, 'an honest node'), count, dice)
}

async function isEclipsed(world: ConvergedWorld, key: Point): Promise<boolean> {
  const holders = await closestPeers(walkOf(world, world.randomSeeker(), key))
  const records = new Set(holders.filter((holder) => world.isHonest(holder)).map(({ id }) => id))
  let isFound = false
  const search = walkOf(world, world.randomSeeker(), key)
  await closestPeers({
    ...search,
    ask: async (contact) => {
      const closer = await search.ask(contact)
      if (records.has(contact.id)) isFound = true
      return closer
    },
    isEnough: () => isFound,
  })
  return !isFound
}

function walkOf(world: ConvergedWorld, seeker: number, target: Point): WalkOptions {
  const { id: self } = world.contact(seeker)
  return {
    self,
    target,
    seeds: nearestOf(world.population.tableOf(self), target, BUCKET_SIZE),
    ask: (contact) => world.find(seeker, contact, target),
  }
}
