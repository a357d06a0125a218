/** A liar lies about every fragment's data, and about nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryFragmentStore } from '../sim/memory/fragmentStore.ts'
import { LyingFragmentStore } from './lyingFragmentStore.ts'
import { sampleFragment } from './suites/fragmentStore.ts'

test('what comes back has the header, proof and length of what was put, and other data', async () => {
  const honest = new MemoryFragmentStore()
  const liar = new LyingFragmentStore(honest)
  const fragment = sampleFragment({})
  await liar.put([fragment], { expiresMs: 1, sender: fragment.stripe as never, owner: undefined })
  const lie = await liar.get(fragment.stripe, fragment.index)
  assert.ok(lie !== undefined)
  assert.notDeepEqual(lie.data, fragment.data)
  assert.deepEqual({ ...lie, data: fragment.data }, fragment)
  assert.deepEqual(await honest.get(fragment.stripe, fragment.index), fragment, 'the disk itself is left as it is')
  assert.equal(await liar.get(fragment.stripe, 200), undefined)
})
