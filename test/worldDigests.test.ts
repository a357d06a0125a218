/** A world's trace follows from its seed alone: it is the same each time, on every machine and under every Node. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { WORLDS } from './worldDigests.ts'

const WRITTEN_DOWN = JSON.parse(readFileSync(new URL('worldDigests.json', import.meta.url), 'utf8')) as object

const OTHERWISE =
  'another trace than the one written down. After a change to the simulation or to a protocol write down the new one with ' +
  '`node scripts/digests.ts --write`; after any other change find out what the world has seen of it'

for (const [name, run] of Object.entries(WORLDS)) {
  test(`the world of ${name} leaves the trace that is written down`, async () => {
    assert.equal(await run(), Object.entries(WRITTEN_DOWN).find(([written]) => written === name)?.[1], OTHERWISE)
  })
}

test('a world that runs twice in one process leaves the same trace twice', async () => {
  const { messages } = WORLDS
  assert.equal(await messages?.(), await messages?.())
})

test('no digest is written down of a world that there is not', () => {
  assert.deepEqual(Object.keys(WRITTEN_DOWN), Object.keys(WORLDS))
})
