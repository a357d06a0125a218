/** What it saves to rebuild nothing before a quarter is gone: the same world with lazy repair and with eager. */
import { DAY, KIB } from '../../src/base/units.ts'
import type { Scenario, Size } from '../scenario.ts'
import { StorageSubject } from '../storageSubject.ts'
import { dieForGood } from './churnStored.ts'

/** Coded 64 of 193: the wider the code, the more is read for each fragment made again. */
const CONTENT_BYTES = 256 * KIB
const GRACE_MS = 2 * DAY
const LIFETIME_MS = 30 * DAY
const LAZY_SHARE = 0.75
/** Anything gone is too much. */
const EAGER_SHARE = 0.999

export const lazyRepair: Scenario = {
  id: 'A3-lazy',
  title: 'repair traffic, lazy and eager',
  promise: 'Waiting until a quarter of a stripe is gone saves most of the traffic of repairs.',
  rules:
    'Nodes live 30 days on average (exponential), newcomers take their places, and a fragment counts as gone after two days. Objects of 256 KiB, any 64 of 193 ' +
    'fragments. The same world twice for 60 days: stripes are repaired when a quarter is gone, or as soon as anything is. Traffic: bytes of fragments read and sent ' +
    'to be kept, of eager repair over those of lazy. A comparison with 20 of 60 has been published as 2.1 against 0.2 GB a day for each GB stored.',
  unit: 'ratio',
  full: { nodes: 200, trials: 5 },
  quick: { nodes: 60, trials: 1 },
  seedCount: 3,
  cases: [
    {
      lines: [
        { parameters: { measure: 'traffic, eager over lazy' }, target: { atLeast: 5 } },
        { parameters: { measure: 'lost, lazy' }, target: { atMost: 0 } },
      ],
      measure: async (seed: number, size: Size): Promise<readonly number[]> => {
        const lazy = await traffic(seed, LAZY_SHARE, size)
        const eager = await traffic(seed, EAGER_SHARE, size)
        return [eager.bytes / lazy.bytes, lazy.lost]
      },
    },
  ],
}

async function traffic(
  seed: number,
  repairShare: number,
  { nodes, trials }: Size,
): Promise<{ readonly bytes: number; readonly lost: number }> {
  let bytes = 0
  const count = (_: unknown, more: number): void => {
    bytes += more
  }
  const meter = { onFetched: count, onSent: (more: number) => count(undefined, more) }
  const subject = new StorageSubject({
    seed,
    nodes,
    graceMs: GRACE_MS,
    repairShare,
    isKnowing: true,
    meterOf: () => meter,
  })
  await subject.store(trials, CONTENT_BYTES)
  await subject.start()
  dieForGood(subject, LIFETIME_MS)
  await subject.world.run(60 * DAY)
  return { bytes, lost: subject.lostShare(subject.everybody()) }
}
