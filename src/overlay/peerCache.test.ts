/** The peers of the last run: what was written is read, an even sample of many, and nothing that was garbled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStateStore } from '../sim/memory/stateStore.ts'
import { tinyId } from '../testing/tinyId.ts'
import { ANCHORS, PEER_CACHE_MAX } from './limits.ts'
import { loadPeers, savePeers } from './peerCache.ts'

const contacts = Array.from({ length: 640 }, (_, nth) => ({
  id: tinyId(nth, 12),
  addresses: [`sim://${nth}`],
  sinceMs: nth === 333 ? 5 : 1000 + nth,
}))

test('a few contacts come back as they were, many as those known for longest and an even sample', async () => {
  const state = new MemoryStateStore()
  assert.deepEqual(await loadPeers(state), [])
  await savePeers(state, contacts.slice(0, 5))
  assert.deepEqual(await loadPeers(state), contacts.slice(0, 5))
  await savePeers(state, contacts)
  const sample = await loadPeers(state)
  assert.equal(sample.length, ANCHORS + PEER_CACHE_MAX)
  assert.deepEqual(sample.slice(0, ANCHORS), [contacts[333], ...contacts.slice(0, ANCHORS - 1)])
  const places = sample.slice(ANCHORS).map(({ id }) => contacts.findIndex((each) => each.id === id))
  assert.ok(
    places.every((place, nth) => Math.abs(place - 10 * nth) < 20),
    places.join(),
  )
})

test('a node that knows nobody now keeps what it knew', async () => {
  const state = new MemoryStateStore()
  await savePeers(state, contacts.slice(0, 5))
  await savePeers(state, [])
  assert.equal((await loadPeers(state)).length, 5)
})

test('what cannot be read counts as nothing', async () => {
  const state = new MemoryStateStore()
  await savePeers(state, contacts.slice(0, 5))
  const [key] = await state.keys('', 9)
  const bytes = (await state.get(key!))!
  for (const garbled of [bytes.subarray(1), new Uint8Array(0), new Uint8Array(300_000)]) {
    await state.put(key!, garbled)
    assert.deepEqual(await loadPeers(state), [])
  }
})
