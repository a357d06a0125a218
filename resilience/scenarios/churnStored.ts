/** A3, storage's part: months of nodes that come and go, and of nodes that go for good. */
import { ln } from '../../src/base/exactMath.ts'
import { DAY, KIB, MINUTE } from '../../src/base/units.ts'
import { churn, logNormal } from '../../src/sim/sessions.ts'
import type { Group, Scenario, Size } from '../scenario.ts'
import { StorageSubject, type StorageSubjectOptions } from '../storageSubject.ts'

const SMALL_BYTES = 16
/** Any 16 fragments rebuild it. */
const LARGE_BYTES = 64 * KIB
const LARGE_SHARE = 0.05

/** Of those that come and go, hardly any absence is as long. */
const SESSIONS_GRACE_MS = DAY
const SESSION_MS_MEDIAN = 15 * MINUTE
const STABLE_SHARE = 0.3
/** Nobody comes back: a shorter one would gain nothing but work. */
const LIFETIMES_GRACE_MS = 2 * DAY
const LIFETIME_MS = 30 * DAY

export const churnStored: Scenario = {
  id: 'A3-stored',
  title: 'months of sessions of 15 minutes, and a year of nodes that go for good',
  promise: 'Objects outlast the nodes that keep them, at little more traffic than it takes to make again what is lost.',
  rules:
    'Sessions: three nodes in ten stay, the others come and go with sessions and absences of 15 minutes in the median (log-normal, sigma 1) and keep their ' +
    'disks; a fragment counts as gone after a day. Lifetimes: nodes live 30 days on average (exponential) and are then gone with their disks, a newcomer ' +
    'there in place of each; a fragment counts as gone after two days. Small objects of code 1/20, one in twenty of 64 KiB. Lost: what all disks that are or ' +
    'can come back cannot rebuild. Repaired: bytes of fragments made again, over those on disks that are gone for good, or where none are, over all that is ' +
    'stored. Who is there is known to the nodes and not looked up; finding that out is the overlay’s part (A3).',
  unit: 'part',
  full: { nodes: 200, trials: 100 },
  quick: { nodes: 60, trials: 4 },
  seedCount: 3,
  cases: [
    { ...sessions(30), largerThanQuick: true },
    { ...lifetimes(365), largerThanQuick: true },
    sessions(2),
    lifetimes(30),
  ],
}

function sessions(days: number): Group {
  const parameters = { nodes: 'sessions of 15 minutes', days }
  return {
    lines: [
      { parameters: { ...parameters, measure: 'lost' }, target: { atMost: 0 } },
      { parameters: { ...parameters, measure: 'repaired over stored' }, target: { atMost: 0.05 } },
    ],
    measure: async (seed, size) => {
      const subject = await stored({ seed, nodes: size.nodes, graceMs: SESSIONS_GRACE_MS }, size)
      const lengths = logNormal({ medianMs: SESSION_MS_MEDIAN, sigma: 1 })
      churn(subject.world, { sessions: lengths, absences: lengths, stableShare: STABLE_SHARE })
      await subject.world.run(days * DAY)
      return [subject.lostShare(subject.everybody()), subject.repaired.bytes / subject.storedBytes]
    },
  }
}

function lifetimes(days: number): Group {
  const parameters = { nodes: 'lifetimes of 30 days', days }
  return {
    lines: [
      { parameters: { ...parameters, measure: 'lost' }, target: { atMost: 0 } },
      { parameters: { ...parameters, measure: 'repaired over lost bytes' }, target: { atMost: 1.5 }, unit: 'ratio' },
      { parameters: { ...parameters, measure: 'lost bytes over stored' }, target: 'none', unit: 'ratio' },
    ],
    measure: async (seed, size) => {
      const subject = await stored({ seed, nodes: size.nodes, graceMs: LIFETIMES_GRACE_MS }, size)
      const gone = dieForGood(subject, LIFETIME_MS)
      await subject.world.run(days * DAY)
      const { bytes } = subject.repaired
      return [subject.lostShare(subject.everybody()), bytes / gone.bytes, gone.bytes / subject.storedBytes]
    },
  }
}

export async function stored(options: StorageSubjectOptions, { trials }: Size): Promise<StorageSubject> {
  const subject = new StorageSubject({ isKnowing: true, ...options })
  await subject.store(trials, SMALL_BYTES)
  await subject.store(Math.ceil(LARGE_SHARE * trials), LARGE_BYTES)
  await subject.start()
  return subject
}

/** Every node ends some day, and a newcomer takes its place. Returns the bytes of fragments on their disks so far. */
export function dieForGood(subject: StorageSubject, lifetimeMs: number): { readonly bytes: number } {
  const { clock, random } = subject.world
  const gone = { bytes: 0 }
  const live = (node: number): void => {
    clock.after(-lifetimeMs * ln(1 - random.fraction()), () => {
      gone.bytes += subject.bytesOn(node)
      subject.replace(node)
      live(node)
    })
  }
  for (const node of subject.everybody()) live(node)
  return gone
}
