/** The stores in memory pass the suites that real stores pass, and fail when told to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../../base/failure.ts'
import { fragmentStoreSuite, indicesOf, sampleFragment } from '../../testing/suites/fragmentStore.ts'
import { stateStoreSuite } from '../../testing/suites/stateStore.ts'
import { MemoryFragmentStore, type FragmentDisk } from './fragmentStore.ts'
import { MemoryStateStore, type StateDisk } from './stateStore.ts'

fragmentStoreSuite('memory', async () => {
  const disk: FragmentDisk = new Map()
  return { open: async (options) => new MemoryFragmentStore({ ...options, disk }), dispose: async () => {} }
})

stateStoreSuite('memory', async () => {
  const disk: StateDisk = new Map()
  return { open: async () => new MemoryStateStore({ disk }), dispose: async () => {} }
})

void test('a fault makes the chosen call fail and changes nothing', async () => {
  let calls = 0
  const fault = (): Failure | undefined => (calls++ === 1 ? new Failure('storage', 'the disk is gone') : undefined)
  const store = new MemoryFragmentStore({ fault })
  const lease = { expiresMs: 1, sender: sampleFragment({}).stripe as never, owner: undefined }
  await store.put([sampleFragment({ index: 0 })], lease)
  await assert.rejects(store.put([sampleFragment({ index: 1 })], lease), (error) => isFailure(error, 'storage'))
  assert.deepEqual(indicesOf(await store.held(sampleFragment({}).stripe)), [0])
})
