/** Clocks that jump by a day, as after a flat battery or by somebody's hand: nothing is lost, nothing rebuilt, and everything goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY, HOUR, MINUTE } from '../src/base/units.ts'
import { LEASE_MS } from '../src/storage/limits.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { StorageWorld } from '../src/testing/storageWorld.ts'

const NODES = 24
const GRACE_MS = 2 * MINUTE

/** A world, and by how much the clock of each of its nodes is ahead. */
async function rig(seed: number) {
  const aheadMs = new Array<number>(NODES).fill(0)
  const storage = await StorageWorld.start({
    seed,
    nodes: NODES,
    graceMs: GRACE_MS,
    alter: ({ clock }, node) => ({
      clock: alteredPort(clock, { now: () => clock.now() + (aheadMs[node] ?? 0) }),
    }),
  })
  return { storage, aheadMs }
}

function repairsOf(storage: StorageWorld): number {
  let repairs = 0
  for (let node = 0; node < NODES; node++) repairs += storage.node(node).status().repair.repairs
  return repairs
}

test('clocks that jump a day ahead, of some nodes or of all, delete nothing and start no repair', async () => {
  const { storage, aheadMs } = await rig(1)
  const content = storage.content(300_000)
  const { capability } = await storage.put(0, content)
  // An hour before the end of its lease.
  aheadMs.fill(LEASE_MS - HOUR)
  await storage.run(GRACE_MS)
  for (const jumping of [8, NODES]) {
    aheadMs.fill(LEASE_MS + DAY - 2 * HOUR, 0, jumping)
    await storage.run(3 * GRACE_MS)
    for (let node = 0; node < NODES; node++) {
      assert.equal((await storage.until(storage.node(node).storage.gc())).fragments, 0)
    }
    for (const reader of [0, 5, 20]) sameBytes(await storage.read(reader, capability), content)
    const { aliveMin, total } = await storage.health(5, capability)
    assert.equal(aliveMin, total)
  }
  assert.equal(repairsOf(storage), 0)
})

test('a node whose clock is a day ahead puts, and others read; set back at its next start, it has all it kept', async () => {
  const { storage, aheadMs } = await rig(2)
  aheadMs[7] = DAY
  const content = storage.content(300_000)
  const { capability, fragments } = await storage.put(7, content)
  assert.equal(fragments.placed, fragments.total)
  sameBytes(await storage.read(3, capability), content)
  const before = storage.node(7).status().storage.fragments
  assert.ok(before > 0)
  storage.world.crash(7, 'vanish')
  aheadMs[7] = 0
  storage.world.restart(7, { disk: 'kept' })
  await storage.run(4 * GRACE_MS)
  assert.equal(storage.node(7).status().storage.fragments, before)
  assert.equal(storage.node(7).status().storage.state, 'ok')
  assert.equal((await storage.health(7, capability)).aliveMin, fragments.total)
  assert.equal(repairsOf(storage), 0)
})
