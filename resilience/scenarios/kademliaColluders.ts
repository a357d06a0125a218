/** R-A4: lookups of plain Kademlia and of S/Kademlia's disjoint paths among colluders that lie. */
import { present } from '../../src/base/assert.ts'
import { ID_BYTES, parseId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { ConvergedWorld } from '../baselines/convergedWorld.ts'
import { disjointLookup, kademliaLookup, type LookupOptions } from '../baselines/kademliaLookup.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'
import { seenIn } from '../published.ts'
import type { Group, Published, Scenario, Size } from '../scenario.ts'

const BUCKET_SIZE = 20
const ALPHA = 3
const PATHS = 8
/** The published shares come without a number of lookups. That of a full run here is assumed for their sampling error. */
const LOOKUPS_PUBLISHED = 500

const SHARES: readonly { readonly share: number; readonly plain: Published; readonly disjoint: Published }[] = [
  { share: 0.2, plain: seenIn(LOOKUPS_PUBLISHED, 0.98), disjoint: seenIn(LOOKUPS_PUBLISHED, 1) },
  { share: 0.5, plain: seenIn(LOOKUPS_PUBLISHED, 0.84), disjoint: seenIn(LOOKUPS_PUBLISHED, 0.96) },
  { share: 0.8, plain: seenIn(LOOKUPS_PUBLISHED, 0.27), disjoint: seenIn(LOOKUPS_PUBLISHED, 0.47) },
]

export const kademliaColluders: Scenario = {
  id: 'R-A4',
  title: 'lookups among uniformly placed colluders, plain Kademlia and 8 disjoint paths',
  rules:
    'Converged tables with buckets of 20. A colluder answers every FIND with the 20 colluders nearest to the target, which is all ' +
    'it can do without being caught by the distance of its answer. Kademlia: 3 requests under way, started from the 20 nearest of ' +
    'the own table, ended when the nearest 20 known have answered. Disjoint paths: the same 20 dealt to 8 paths with one request ' +
    'under way each, none asking a node that another has asked. A lookup succeeds when the honest node nearest to a random ' +
    'point is among what it returns, for disjoint paths among what any of them returns. The published shares are those of a model ' +
    'and state no number of lookups; their range here is the sampling error of 500.',
  unit: 'share',
  full: { nodes: 10_000, trials: 500 },
  quick: { nodes: 10_000, trials: 200 },
  fixedSize: true,
  cases: SHARES.map(groupOf),
}

type Search = (options: LookupOptions) => Promise<readonly Contact[]>

const SEARCHES: readonly Search[] = [
  kademliaLookup,
  (options) => disjointLookup({ ...options, parallel: 1, paths: PATHS }),
]

/** Both searches look from the same nodes for the same points. */
function groupOf({ share, plain, disjoint }: (typeof SHARES)[number]): Group {
  return {
    lines: [
      { parameters: { lookup: 'Kademlia', colluders: share }, baseline: plain, target: 'reproduces' },
      { parameters: { lookup: '8 disjoint paths', colluders: share }, baseline: disjoint, target: 'reproduces' },
    ],
    largerThanQuick: share !== 0.5,
    measure: (seed, size) => successShares(seed, share, size),
  }
}

async function successShares(seed: number, share: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const world = await ConvergedWorld.start({
    seed,
    nodes,
    colluders: Math.round(share * nodes),
    bucketSize: BUCKET_SIZE,
    falseReply: (of) => (target) => of.population.nearest(target, BUCKET_SIZE, (contact) => !of.isHonest(contact)),
  })
  const tries = Array.from({ length: trials }, () => ({
    seeker: world.randomSeeker(),
    target: present(parseId<Point>(world.randomBytes(ID_BYTES)), 'a random point has 32 bytes'),
  }))
  const shares: number[] = []
  for (const search of SEARCHES) {
    const outcomes = await world.until(tries.map(({ seeker, target }) => succeeds(world, search, seeker, target)))
    shares.push(outcomes.filter(Boolean).length / trials)
  }
  return shares
}

async function succeeds(world: ConvergedWorld, search: Search, seeker: number, target: Point): Promise<boolean> {
  const { id: self } = world.contact(seeker)
  const isWanted = (contact: Contact): boolean => world.isHonest(contact) && contact.id !== self
  const [wanted] = world.population.nearest(target, 1, isWanted)
  const found = await search({
    self,
    target,
    seeds: nearestOf(world.population.tableOf(self), target, BUCKET_SIZE),
    count: BUCKET_SIZE,
    parallel: ALPHA,
    ask: (contact) => world.find(seeker, contact, target),
  })
  return found.some(({ id }) => id === wanted?.id)
}
