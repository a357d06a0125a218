/** The verdict sees growth and loss where there is some, and none where there is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  filesGrowth,
  growthsBetween,
  median,
  memoryGrowths,
  pooledGrowth,
  verdictLines,
  type FilesGrowth,
  type MemorySample,
} from './verdict.ts'

const NOTHING: FilesGrowth = { sockets: 0, halfClosed: 0, others: [] }

/** A sample for each moment; 0 stands for a process that does not run then. */
function samplesOf(byPid: Readonly<Record<number, readonly number[]>>): readonly MemorySample[] {
  const count = Object.values(byPid)[0]?.length ?? 0
  return Array.from({ length: count }, (_, at) => {
    const running = Object.entries(byPid).filter(([, bytes]) => (bytes[at] ?? 0) > 0)
    return new Map(
      running.map(([pid, bytes]) => [Number(pid), { residentBytes: bytes[at] ?? 0, ownBytes: 2 * (bytes[at] ?? 0) }]),
    )
  })
}

test('the second fifth is compared with the last, by medians, whatever happens between and before', () => {
  const samples = samplesOf({ 1: [1, 1, 1, 10, 10, 90, 500, 500, 500, 500, 500, 500, 12, 11, 90] })
  assert.deepEqual(memoryGrowths(samples, 'residentBytes'), [{ pid: 1, beforeBytes: 10, afterBytes: 12 }])
  assert.ok(Math.abs(pooledGrowth(memoryGrowths(samples, 'ownBytes')) - 0.2) < 1e-9)
})

test('two rests are compared process by process, by those that lived through both', () => {
  const [before, , after] = samplesOf({ 1: [10, 90, 12], 2: [10, 10, 0], 3: [0, 10, 10] })
  assert.ok(before !== undefined && after !== undefined)
  assert.deepEqual(growthsBetween(before, after, 'ownBytes'), [{ pid: 1, beforeBytes: 20, afterBytes: 24 }])
})

test('processes that ended or began meanwhile are not compared, and nothing to compare holds nothing', () => {
  const samples = samplesOf({ 1: [5, 5, 5, 5, 5], 2: [5, 5, 5, 5, 0], 3: [0, 0, 5, 5, 5] })
  assert.deepEqual(
    memoryGrowths(samples, 'residentBytes').map(({ pid }) => pid),
    [1],
  )
  const lines = verdictLines({ lost: 0, wrong: 0, gone: 0, memoryGrowth: pooledGrowth([]), files: NOTHING })
  assert.deepEqual(
    lines.filter(({ holds }) => !holds).map(({ what }) => what),
    ['growth of memory at rest'],
  )
})

test('one lost object, one wrong read, one node gone, a tenth more memory or sockets and one open file each fail the verdict alone', () => {
  const sound = { lost: 0, wrong: 0, gone: 0, memoryGrowth: 0.1, files: NOTHING }
  const holds = (facts: typeof sound): boolean => verdictLines(facts).every((line) => line.holds)
  assert.ok(holds(sound))
  const files = [{ sockets: 0.11 }, { halfClosed: 1 }, { others: ['/a'] }].map((flaw) => ({
    files: { ...NOTHING, ...flaw },
  }))
  for (const flaw of [{ lost: 1 }, { wrong: 1 }, { gone: 1 }, { memoryGrowth: 0.11 }, ...files]) {
    assert.ok(!holds({ ...sound, ...flaw }), JSON.stringify(flaw))
  }
})

test('sockets that moved from one process to another are no growth, and each file counts that is open more often', () => {
  const before = new Map([1, 2, 3].map((pid) => [pid, { sockets: 10, halfClosed: 2, others: ['/a', '/a', '/b'] }]))
  const after = new Map([
    [1, { sockets: 12, halfClosed: 0, others: ['/a', '/a', '/a', '/c'] }],
    [2, { sockets: 8, halfClosed: 1, others: ['/b'] }],
  ])
  assert.deepEqual(filesGrowth(before, after), { sockets: 0, halfClosed: 1, others: ['/a', '/c'] })
})

test('a median of an even count is the mean of the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([3, 1, 2]), 2)
})
