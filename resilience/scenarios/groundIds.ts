/** A5: regions of the shipped overlay with ids ground next to their key, keeping quiet or lying. */
import { present } from '../../src/base/assert.ts'
import type { NodeId, Point } from '../../src/base/id.ts'
import type { Attack } from '../../src/sim/attackers/attack.ts'
import { groundIdsNearerThan } from '../../src/sim/attackers/groundIds.ts'
import { liar } from '../../src/sim/attackers/liar.ts'
import { IdOrder } from '../../src/sim/idOrder.ts'
import { honestReach } from '../lookups.ts'
import type { Case, Scenario, Size } from '../scenario.ts'
import { Subject } from '../subject.ts'

const REGION_SIZE = 20
/** Writers and readers: nodes that have been up for some minutes. */
const SEEKERS = 25
/** So many ground ids in one world at most; with more of them to a key, fewer keys are tried. */
const GROUND_MAX = 10_000
/** Answers truthfully and keeps nothing that it is given. */
const PASSIVE: Attack = { replies: {} }

export const groundIds: Scenario = {
  id: 'A5',
  title: 'regions with ids ground next to their key',
  rules:
    'S ids, all nearer to the key than the nearest honest node, have joined a settled network, so that they stand wherever tables had room: passive ones answer truthfully and keep ' +
    "nothing, lying ones name only their own. A region store succeeds when the writer's region names at least half of the 20 honest " +
    "nodes nearest to the key, and a reader elsewhere finds one of those the writer found. Published beside ours: what IPFS's rules " +
    'leave, which R-A5 measures.',
  unit: 'share',
  full: { nodes: 10_000, trials: 20 },
  quick: { nodes: 150, trials: 5 },
  cases: [45, 400, 2000, 10_000].flatMap((count) => [caseOf('passive', count), caseOf('lying', count)]),
  charts: [
    {
      name: 'resilience-ground-ids',
      title: 'Region stores that succeed with ids ground next to the key',
      x: 'S',
      xLabel: 'ground ids next to one key',
      yLabel: 'share of keys',
      series: 'ids',
      logX: true,
    },
  ],
}

type Behaviour = 'passive' | 'lying'

function caseOf(ids: Behaviour, count: number): Case {
  return {
    parameters: { ids, S: count },
    target: { atLeast: 0.999 },
    largerThanQuick: count > 400,
    measure: (seed, size) => storedShare(seed, ids, count, size),
  }
}

async function storedShare(seed: number, ids: Behaviour, count: number, { nodes, trials }: Size): Promise<number> {
  const attacked = scaled(count, nodes)
  const keyCount = Math.max(1, Math.min(trials, Math.floor(GROUND_MAX / attacked)))
  const keys: Point[] = []
  const subject = await Subject.settled(
    {
      seed,
      nodes,
      attackOf: (node, { conspiracy }) => {
        if (node < nodes) return undefined
        return ids === 'lying' ? liar(conspiracy) : PASSIVE
      },
    },
    (of) => {
      const everybody = Array.from({ length: nodes }, (_, node) => of.world.contact(node))
      keys.push(...Array.from({ length: keyCount }, () => of.randomPoint()))
      return keys.flatMap((key) => groundAt(key, new IdOrder(everybody), attacked, of))
    },
  )
  const seekers = subject.honest().slice(0, SEEKERS)
  await subject.wake(seekers)
  const truth = subject.honestOrder()
  const outcomes = await subject.until(keys.map((key) => isStored(subject, key, truth, seekers)))
  return outcomes.filter(Boolean).length / keyCount
}

/** In a small network fewer ids stand for the same pressure. */
function scaled(count: number, nodes: number): number {
  return Math.max(1, Math.round(count * Math.min(1, nodes / 10_000)))
}

function groundAt(key: Point, truth: IdOrder, count: number, subject: Subject): readonly NodeId[] {
  const rival = present(truth.nearest(key, 1)[0], 'an honest node')
  return groundIdsNearerThan(key, rival.id, count, subject.world.random)
}

async function isStored(subject: Subject, key: Point, truth: IdOrder, seekers: readonly number[]): Promise<boolean> {
  const written = await subject.region(subject.randomOf(seekers), key)
  if (honestReach(written, key, truth, REGION_SIZE) < 0.5) return false
  const read = await subject.region(subject.randomOf(seekers), key)
  const writers = new Set(written?.members.map(({ id }) => id))
  return read?.members.some(({ id }) => writers.has(id) && !subject.conspiracy.has(id)) ?? false
}
