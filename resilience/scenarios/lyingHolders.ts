/** A13: reading while half of all holders give damaged fragments. */
import { KIB } from '../../src/base/units.ts'
import { lyingNetwork } from '../../src/testing/lyingNetwork.ts'
import type { Scenario, Size } from '../scenario.ts'
import { StorageSubject } from '../storageSubject.ts'

/** Coded 64 of 193. */
const CONTENT_BYTES = 256 * KIB
const OBJECTS = 40
/** What a reader reads before it is known whom it may believe. */
const FIRST_READS = 10
const READERS = 4

export const lyingHolders: Scenario = {
  id: 'A13',
  title: 'half of all holders give damaged fragments',
  promise:
    'Readers never take damaged bytes for what was stored, and those who gave them cost little traffic once they are known.',
  rules:
    'Objects of 256 KiB, any 64 of 193 fragments, in a settled network in which a random half of all nodes changes a byte of every fragment that it gives. Some honest ' +
    'nodes read ten objects each, and then, which is what counts, random ones. Wasted: bytes that came from liars, of all bytes of fragments that came. ' +
    'Wrong: reads that ended well with other bytes than were stored. Lies about who is there are the overlay’s part (A4).',
  unit: 'part',
  full: { nodes: 200, trials: 50 },
  quick: { nodes: 60, trials: 8 },
  seedCount: 6,
  cases: [
    {
      lines: [
        { parameters: { lying: 0.5, measure: 'wrong' }, target: { atMost: 0 } },
        { parameters: { lying: 0.5, measure: 'read' }, target: { atLeast: 1 } },
        { parameters: { lying: 0.5, measure: 'wasted traffic of first reads' }, target: 'none' },
        { parameters: { lying: 0.5, measure: 'wasted traffic after them' }, target: { atMost: 0.1 } },
      ],
      measure: measured,
    },
  ],
}

/** Bytes that readers were given. */
interface Given {
  bytes: number
  damagedBytes: number
}

async function measured(seed: number, { nodes, trials }: Size): Promise<readonly number[]> {
  const liesOf = (node: number): boolean => node % 2 === 1
  const given: Given = { bytes: 0, damagedBytes: 0 }
  const subject: StorageSubject = new StorageSubject({
    seed,
    nodes,
    alter: ({ network }, node) => (liesOf(node) ? { network: lyingNetwork(network) } : {}),
    meterOf: () => ({
      onFetched: (from, bytes) => {
        given.bytes += bytes
        if (liesOf(subject.nodeOf(from) ?? 0)) given.damagedBytes += bytes
      },
    }),
  })
  await subject.store(OBJECTS, CONTENT_BYTES)
  await subject.start()
  const readers = subject.someOf(
    subject.everybody().filter((node) => !liesOf(node)),
    READERS,
  )
  await subject.wake(readers)
  await readAll(subject, readers, FIRST_READS)
  const first = { ...given }
  const { right, wrong } = await readAll(subject, readers, trials)
  const later = { bytes: given.bytes - first.bytes, damagedBytes: given.damagedBytes - first.damagedBytes }
  const reads = trials * readers.length
  return [wrong / reads, right / reads, wastedShare(first), wastedShare(later)]
}

/** Each reader reads so many random objects, one after the other. */
async function readAll(
  subject: StorageSubject,
  readers: readonly number[],
  count: number,
): Promise<{ readonly right: number; readonly wrong: number }> {
  const counts = { right: 0, wrong: 0, failed: 0 }
  for (let nth = 0; nth < count; nth++) {
    for (const outcome of await subject.until(
      readers.map((reader) => subject.outcomeOf(reader, subject.randomOf(subject.objects))),
    )) {
      counts[outcome]++
    }
  }
  return counts
}

function wastedShare({ bytes, damagedBytes }: Given): number {
  return damagedBytes / bytes
}
