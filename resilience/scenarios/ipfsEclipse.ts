/** R-A5: a provider record of IPFS eclipsed by ids that were ground next to its key. */
import type { Point } from '../../src/base/id.ts'
import { SECOND } from '../../src/base/units.ts'
import { groundIdsNearerThan } from '../../src/sim/attackers/groundIds.ts'
import { IpfsNetwork } from '../baselines/ipfsNetwork.ts'
import { seenIn } from '../published.ts'
import type { Published, Scenario, Size } from '../scenario.ts'

/** After its nodes had started the attack waited 30 seconds and then 60, and looked. */
const ATTACK_MS = 90 * SECOND

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
    'As in Sridhar et al., "Content Censorship in the InterPlanetary File System" (NDSS 2024), by its published artifacts: S ids, all ' +
    'nearer to the key than the nearest honest node, join a network of 10,600 (the size their logs estimate) from one machine. 90 ' +
    'seconds after they have started, on the same machine, a client looks the key up, a provider puts its record on the 20 nearest it ' +
    'finds, and the client searches it. The ids answer FIND truthfully and keep nothing. Eclipsed: the search finds no record. Joining, ' +
    'walks and tables follow go-libp2p-kad-dht and go-libp2p-kbucket as the artifacts used them (0.18 and 0.4.7): 10 requests under way, an ' +
    'end when the nearest 3 have answered, a follow-up to the nearest 20; buckets of 20 that evict nobody; at most 2 contacts per bucket and 3 ' +
    'per table from one IPv4 /16, so that nodes near the key know few of the ids; five seconds to a failed dial; nobody serves before AutoNAT, ' +
    'which asks the first peers it meets, has seen it dialled back. How many ids of an attack nobody can dial is drawn from the logs of 100 attacks ' +
    "with 15 ids (PercentEclipsed: all were found in 56 of them, 89 % on the mean). The search is the artifacts' own: what is under way when its walk " +
    'ends is not asked for the record again. Shares of contacts that have gone or are missing are those measured in April 2022 ' +
    '(ProbeLab, RFM19). No parameter is fitted to the published curve.',
  unit: 'share',
  full: { nodes: 10_600, trials: 20 },
  quick: { nodes: 10_600, trials: 2 },
  seedCount: 12,
  fixedSize: true,
  cases: PUBLISHED.map(({ sybils, eclipsed }, nth) => ({
    parameters: { S: sybils },
    baseline: eclipsed,
    target: 'reproduces',
    // A quick run has the two ends of the curve.
    largerThanQuick: nth > 0 && nth < PUBLISHED.length - 1,
    measure: (seed, size) => eclipsedShare(seed, sybils, size),
  })),
  charts: [
    {
      name: 'resilience-ipfs-eclipse',
      title: 'IPFS records eclipsed by ids next to their key, by its own rules',
      x: 'S',
      xLabel: 'ground ids next to one key',
      yLabel: 'share of records nobody finds',
    },
  ],
}

/** Every attack has a key of its own in the same network: far from one another, they do not meet. */
async function eclipsedShare(seed: number, sybils: number, { nodes, trials }: Size): Promise<number> {
  const network = new IpfsNetwork({ seed, nodes })
  const attacks = Array.from({ length: trials }, () => {
    const key = network.randomPoint()
    return { key, ids: groundIdsNearerThan(key, network.nearestLiving(key), sybils, network.dice) }
  })
  await network.attack(attacks, ATTACK_MS)
  const outcomes = await network.until(attacks.map(({ key }) => isEclipsed(network, key)))
  return outcomes.filter(Boolean).length / trials
}

async function isEclipsed(network: IpfsNetwork, key: Point): Promise<boolean> {
  const client = network.randomNode()
  await network.closest(client, key)
  const found = await network.closest(network.randomNode(), key)
  return !(await network.finds(
    client,
    key,
    found.filter((holder) => network.keeps(holder)),
  ))
}
