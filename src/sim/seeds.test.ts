/** Seeds repeat, and a failing one says how to replay it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { seedsOf, withSeeds } from './seeds.ts'

test('fresh seeds are as many as asked, differ, and are the same for one commit and name', () => {
  const seeds = seedsOf('some test', { freshCount: 5 })
  assert.equal(new Set(seeds).size, 5)
  assert.deepEqual(seedsOf('some test', { freshCount: 5 }), seeds)
  assert.notDeepEqual(seedsOf('another test', { freshCount: 5 }), seeds)
})

test('a named seed runs alone, and what is no seed is refused', () => {
  assert.deepEqual(seedsOf('some test', { freshCount: 5, chosen: '123' }), [123])
  assert.throws(() => seedsOf('some test', { freshCount: 5, chosen: 'abc' }), /MAINFRAME_SEED: "abc" is no seed/)
  assert.throws(() => seedsOf('some test', { freshCount: 5, chosen: '-1' }), /is no seed/)
})

test('seeds that are kept run first; a file that holds none is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seeds-'))
  const kept = pathToFileURL(`${folder}/`)
  try {
    writeFileSync(join(folder, 'good.json'), '[7, 8]')
    writeFileSync(join(folder, 'bad.json'), '{}')
    assert.deepEqual(seedsOf('good', { freshCount: 1, kept }).slice(0, 2), [7, 8])
    assert.equal(seedsOf('good', { freshCount: 1, kept }).length, 3)
    assert.throws(() => seedsOf('bad', { freshCount: 1, kept }), /no list of seeds/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a failure tells the line that replays it and ends the run', async () => {
  let runs = 0
  const failing = withSeeds('demo', { file: import.meta.filename, freshCount: 3 }, async () => {
    if (++runs === 2) throw new Error('the reason')
  })
  await assert.rejects(failing, (error: Error) => {
    assert.match(error.message, /the reason/)
    assert.match(error.message, /^replay: MAINFRAME_SEED=\d+ node --test \S*seeds\.test\.ts$/m)
    return true
  })
  assert.equal(runs, 2)
})
