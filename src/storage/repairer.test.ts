/** With nobody watching: what is lost comes back, what is only away is left alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { StorageWorld } from '../testing/storageWorld.ts'
import { CHECKS_PER_EPOCH, CHECKS_PER_GRACE, DAMPED_GRACES } from './limits.ts'

const GRACE_MS = 40 * SECOND
const content = new SeededRandom(7).bytes(200_000)

test('a third of the nodes gone for good is made up for once the grace period is over, and the next third of them too', async () => {
  const storage = await StorageWorld.start({ seed: 1, nodes: 24, graceMs: GRACE_MS })
  const { capability } = await storage.put(0, content)
  const whole = await storage.health(0, capability)
  assert.equal(whole.aliveMin, whole.total)
  for (let node = 16; node < 24; node++) storage.world.crash(node, 'vanish')
  await storage.run(GRACE_MS / 2)
  const meanwhile = await storage.health(0, capability)
  assert.ok(meanwhile.aliveMin < 0.75 * whole.total, `${meanwhile.aliveMin} of ${whole.total}`)
  await storage.run(2 * GRACE_MS)
  const repaired = await storage.health(0, capability)
  assert.ok(repaired.aliveMin >= 0.95 * whole.total, `${repaired.aliveMin} of ${whole.total}`)
  for (let node = 11; node < 16; node++) storage.world.crash(node, 'vanish')
  await storage.run(2 * MINUTE)
  assert.deepEqual(await storage.read(0, capability), content)
  assert.ok((await storage.health(0, capability)).aliveMin >= 0.95 * whole.total)
})

test('half of the nodes gone at once is taken for a partition first, and made up for in the end', async () => {
  const storage = await StorageWorld.start({ seed: 6, nodes: 24, graceMs: GRACE_MS })
  const { capability } = await storage.put(0, content)
  const { total } = await storage.health(0, capability)
  for (let node = 12; node < 24; node++) storage.world.crash(node, 'vanish')
  await storage.run(DAMPED_GRACES * GRACE_MS)
  assert.equal(repairsOf(storage), 0)
  assert.deepEqual(await storage.read(0, capability), content)
  // A leader whose epoch begins meanwhile has seen nothing of it yet.
  await storage.run((CHECKS_PER_EPOCH / CHECKS_PER_GRACE) * GRACE_MS)
  assert.ok((await storage.health(0, capability)).aliveMin >= 0.95 * total)
})

test('nodes that return within the grace period cost no repair', async () => {
  const storage = await StorageWorld.start({ seed: 2, nodes: 24, graceMs: GRACE_MS })
  const { capability } = await storage.put(0, content)
  for (let round = 0; round < 4; round++) {
    const away = [2, 3, 4, 5, 6, 7, 8, 9].map((node) => node + round * 3)
    for (const node of away) storage.world.crash(node, 'vanish')
    await storage.run(GRACE_MS / 2)
    for (const node of away) storage.world.restart(node, { disk: 'kept' })
    await storage.run(GRACE_MS / 2)
  }
  assert.equal(repairsOf(storage), 0)
  assert.deepEqual(await storage.read(0, capability), content)
})

function repairsOf(storage: StorageWorld): number {
  const nodes = Array.from({ length: storage.world.nodeCount }, (_, node) => storage.world.process(node))
  return nodes.reduce((sum, node) => sum + (node?.status().repair.repairs ?? 0), 0)
}

test('leases are extended by anyone with a link, and ended by the node that put, which nobody else can', async () => {
  const storage = await StorageWorld.start({ seed: 3, nodes: 24, graceMs: GRACE_MS })
  const { capability } = await storage.put(0, content)
  const { total } = await storage.health(0, capability)
  const kept = await storage.until(storage.node(5).objects.keep(capability, { leaseMs: 200 * DAY }))
  assert.ok(kept.fragments >= total && kept.unanswered === 0)
  assert.ok((kept.expiresMs ?? 0) >= storage.world.clock.now() + 199 * DAY)

  const stranger = await storage.until(storage.node(5).objects.release(capability))
  assert.equal(stranger.fragments, 0)
  assert.deepEqual(await storage.read(5, capability), content)

  const released = await storage.until(storage.node(0).objects.release(capability))
  assert.ok(released.fragments >= total && released.unanswered === 0)
  await assert.rejects(storage.read(5, capability), (error) => isFailure(error, 'not-found'))
  await storage.run(4 * GRACE_MS)
  assert.equal(repairsOf(storage), 0)
})

test('whoever will not wait has what is missing made again at once', async () => {
  const storage = await StorageWorld.start({ seed: 4, nodes: 24 })
  const { capability } = await storage.put(0, content)
  const { total } = await storage.health(0, capability)
  storage.killAtRandom(8, [0])
  await storage.run(30 * SECOND)
  const repaired = await storage.until(storage.node(0).objects.repair(capability))
  assert.ok(repaired.fragments > 0.2 * total)
  assert.equal((await storage.health(0, capability)).aliveMin, total)
  assert.equal((await storage.until(storage.node(0).objects.repair(capability))).fragments, 0)
})

test('a node that leaves for good hands over what it keeps, so that nothing has to be rebuilt', async () => {
  const storage = await StorageWorld.start({ seed: 5, nodes: 24, graceMs: GRACE_MS })
  const { capability } = await storage.put(0, content)
  const { total } = await storage.health(0, capability)
  const signal = new AbortController().signal
  for (const node of [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
    const { fragments, left } = await storage.until(storage.node(node).storage.handOver({ signal }))
    assert.ok(fragments > 0 && left === 0, `${left} of ${fragments} left`)
    storage.world.crash(node, 'crash')
    await storage.run(5 * SECOND)
  }
  assert.equal((await storage.health(0, capability)).aliveMin, total)
  assert.equal(repairsOf(storage), 0)
})
