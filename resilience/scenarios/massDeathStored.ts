/** A1, storage's part: what is lost, and what survivors read, when a share of all nodes vanishes at one instant. */
import { MINUTE } from '../../src/base/units.ts'
import { lossProbability } from '../../src/coding/code.ts'
import type { Group, Line, Published, Scenario, Size } from '../scenario.ts'
import { StorageSubject } from '../storageSubject.ts'

/** Of a small object: it stands in its root, whose one stripe has this code when it is to survive the loss of half of all nodes. */
const CODE = { needed: 1, total: 20 }
const NODES = 1000
const CONTENT_BYTES = 16
const READERS = 20
const READS = 100

const KILLED = [0.5, 0.6, 0.8] as const
/** At most 1 of 100,000; chance expects 0.1. */
const LOST_MAX = 1e-5

export const massDeathStored: Scenario = {
  id: 'A1-stored',
  title: 'objects lost, and read by survivors, when a share of all nodes vanishes at once',
  promise:
    'Half of all nodes may vanish at one instant, and of a hundred thousand objects hardly one is lost; the others can be read.',
  rules:
    'Small objects, each of one stripe of code 1/20 (the default: half of all nodes may go), lie where the shipped placement has put them. Random nodes vanish ' +
    'without a word, half of them at once and later more, nothing is repaired, and an object is lost when no disk that is left has a fragment of it. Expected: the binomial tail, ' +
    'within what chance makes of it in a network of this size. Two minutes later random survivors read random objects that are not lost.',
  unit: 'share',
  full: { nodes: NODES, trials: 100_000 },
  quick: { nodes: 100, trials: 1000 },
  seedCount: 6,
  fixedSize: true,
  cases: [groupOf(NODES), { ...groupOf(10 * NODES), largerThanQuick: true }],
}

function groupOf(network: number): Group {
  return {
    lines: KILLED.flatMap((killed) => linesOf(killed, network)),
    measure: (seed, size) => measured(seed, network === NODES ? size : { ...size, nodes: network }),
  }
}

function linesOf(killed: number, network: number): readonly Line[] {
  const parameters = { ...(network === NODES ? {} : { N: network }), killed }
  const lost = { ...parameters, measure: 'lost' }
  return [
    killed <= 0.5
      ? { parameters: lost, target: { atMost: LOST_MAX } }
      : {
          parameters: lost,
          target: 'reproduces',
          quickTarget: { atMost: 5 * lossProbability(CODE, killed) },
          baseline: expected(killed, network),
        },
    { parameters: { ...parameters, measure: 'read' }, target: { atLeast: 0.999 }, unit: 'part' },
  ]
}

/**
 * The binomial tail, and what becomes of it in a network of this size: a stripe's holders are all different, and as places in the id
 * space are uneven, those that die keep somewhat more or less than their share (two deviations of that).
 */
function expected(killed: number, nodes: number): Published {
  const uneven = 2 * Math.sqrt((2 * killed * (1 - killed)) / nodes)
  let low = 1
  for (let holder = 0; holder < CODE.total; holder++) low *= ((killed - uneven) * nodes - holder) / (nodes - holder)
  return { value: lossProbability(CODE, killed), low, high: lossProbability(CODE, killed + uneven) }
}

/** Deaths add up: those that make it 60 % follow when half has been looked at. */
async function measured(seed: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const subject = new StorageSubject({ seed, nodes })
  await subject.store(trials, CONTENT_BYTES)
  await subject.start()
  const values: number[] = []
  for (const killed of KILLED) {
    const living = subject.living()
    subject.vanish(subject.someOf(living, living.length - Math.round((1 - killed) * nodes)))
    values.push(subject.lostShare(subject.living()), await readShare(subject))
  }
  return values
}

/** The share of random reads by some survivors that give back what was stored, of objects that are not lost. */
export async function readShare(subject: StorageSubject): Promise<number> {
  const survivors = subject.living()
  const readers = subject.someOf(survivors, Math.min(READERS, survivors.length))
  await subject.wake(readers)
  const left = subject.fragmentsOf(survivors)
  const whole = subject.objects.filter(({ stripes }) =>
    stripes.every(({ id, needed }) => (left.get(id)?.size ?? 0) >= needed),
  )
  let succeeded = 0
  for (let round = 0; round < READS / READERS; round++) {
    const outcomes = await subject.until(readers.map((reader) => subject.reads(reader, subject.randomOf(whole))))
    succeeded += outcomes.filter(Boolean).length / outcomes.length
    await subject.world.run(MINUTE)
  }
  return succeeded / (READS / READERS)
}
