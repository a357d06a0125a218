/** What health promises, kept: as many nodes or networks vanish as it says, and everything is read back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../src/base/failure.ts'
import { KIB, MIB, MINUTE } from '../src/base/units.ts'
import { stripesOnDisks } from '../src/sim/checkers/fragmentsOnDisks.ts'
import { withSeeds } from '../src/sim/seeds.ts'
import { Keepers } from '../src/storage/keepers.ts'
import { ObjectLoss } from '../src/storage/survival.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { StorageWorld } from '../src/testing/storageWorld.ts'

const READER = 3
/** Nodes that have left are remembered for an hour. */
const FORGOTTEN_MS = 65 * MINUTE

test('after some nodes are gone, as many more vanish as health says, and the object is read back', async () => {
  await withSeeds('health-promise', { file: import.meta.filename, freshCount: 10 }, async (seed) => {
    const options = { seed, nodes: 8 + (seed % 17), survive: [0.3, 0.5, 0.6][seed % 3] ?? 0.5 }
    const storage = await StorageWorld.start(options)
    const { random } = storage.world
    const content = storage.content([100, 5 * KIB, 70_000, MIB + 1][random.integer(4)] ?? 0)
    const { capability } = await storage.put(0, content)
    if (random.integer(2) === 1) copyDisk(storage, 1, 2)
    storage.killAtRandom(random.integer(Math.ceil(options.nodes / 2)), [READER])
    const health = await storage.health(READER, capability)
    const vanish = Math.floor(health.survivesNow * living(storage).length)
    if (health.state === 'healthy') assert.ok(vanish >= 1)
    storage.killAtRandom(vanish, [READER])
    sameBytes(await storage.read(READER, capability), content)
  })
})

test('where nobody knows every node, what vanishes is a share of more nodes than there are thought to be', async () => {
  await withSeeds('health-large', { file: import.meta.filename }, async (seed) => {
    const storage = await StorageWorld.start({ seed, nodes: 60 })
    const content = storage.content(MIB)
    const { capability } = await storage.put(0, content)
    const truth = truthOnDisks(storage).survivableShare(storage.world.nodeCount)
    for (let reader = 1; reader < 8; reader++) {
      const { survivesNow } = await storage.health(reader, capability)
      assert.ok(survivesNow <= truth && survivesNow > 0.8 * truth, `node ${reader}: ${survivesNow} of ${truth}`)
    }
    storage.killAtRandom(Math.floor(truth * storage.world.nodeCount), [READER])
    sameBytes(await storage.read(READER, capability), content)
  })
})

test('the networks that keep most vanish, as many as health says, and the object is read back', async () => {
  await withSeeds('health-domains', { file: import.meta.filename, freshCount: 3 }, async (seed) => {
    // Some networks have one node, others up to eight.
    const domainOf = (node: number): number => Math.floor(Math.sqrt(node * 2))
    const hostName = (node: number): string => `10.0.${domainOf(node)}.${node + 1}`
    const storage = await StorageWorld.start({ seed, hostName })
    const content = storage.content(70_000)
    const { capability } = await storage.put(0, content)
    storage.killAtRandom(storage.world.random.integer(9), [READER])
    const health = await storage.health(READER, capability)
    assert.ok(health.domains <= 7 && health.domains <= health.holders)
    assert.ok(health.survivesDomains >= 1 && health.domainShareMax >= 1 / 7)
    const others = [...new Set(living(storage).map(domainOf))].filter((domain) => domain !== domainOf(READER))
    const kept = (domain: number): number =>
      living(storage).reduce((sum, node) => (domainOf(node) === domain ? sum + fragmentsOn(storage, node) : sum), 0)
    const largest = others.sort((a, b) => kept(b) - kept(a)).slice(0, health.survivesDomains)
    for (const node of living(storage)) if (largest.includes(domainOf(node))) storage.world.crash(node, 'vanish')
    sameBytes(await storage.read(READER, capability), content)
  })
})

test('what one node keeps alone is never healthy, however much of it there is', async () => {
  const full = new Failure('no-space', 'this disk is full')
  const storage = await StorageWorld.start({
    seed: 3,
    nodes: 4,
    alter: ({ fragments }, node) =>
      node === 0 ? {} : { fragments: alteredPort(fragments, { put: () => Promise.reject(full) }) },
  })
  const { capability } = await storage.put(1, storage.content(70_000))
  const health = await storage.health(READER, capability)
  assert.equal(health.alive, health.total)
  assert.deepEqual([health.holders, health.domains, health.domainShareMax], [1, 1, 1])
  assert.deepEqual([health.survivesNow, health.survivesDomains, health.state], [0, 0, 'at-risk'])
  assert.equal(health.unattendedDays, 0.03)
})

test('silent nodes may come back: what they keep is away first and gone when they are forgotten', async () => {
  const storage = await StorageWorld.start({ seed: 4, nodes: 15 })
  const { capability, fragments } = await storage.put(0, storage.content(MIB))
  const before = await storage.health(READER, capability)
  assert.deepEqual([before.aliveMin, before.silent, before.away, before.gone], [fragments.total, 0, 0, 0])
  const victims = storage.killAtRandom(5, [READER])
  const missing = victims.reduce((sum, node) => sum + fragmentsOn(storage, node, fragments.total), 0)
  const during = await storage.health(READER, capability)
  assert.deepEqual([during.silent, during.aliveMin, during.away + during.gone], [5, fragments.total - missing, missing])
  assert.ok(during.gone <= 2, `${during.gone} of ${missing} gone`)
  await storage.run(FORGOTTEN_MS)
  const after = await storage.health(READER, capability)
  assert.deepEqual([after.aliveMin, after.silent, after.away, after.gone], [during.aliveMin, 0, 0, missing])
  assert.ok(after.unattendedDays < before.unattendedDays)
})

test('with most nodes silent nobody can tell, and once they are forgotten it is lost', async () => {
  const storage = await StorageWorld.start({ seed: 5 })
  const { capability } = await storage.put(0, storage.content(70_000))
  storage.killAtRandom(19, [READER])
  await assert.rejects(storage.health(READER, capability), (error) => isFailure(error, 'unreachable'))
  await storage.run(FORGOTTEN_MS)
  const health = await storage.health(READER, capability)
  assert.deepEqual([health.state, health.survivesNow, health.survivesDomains, health.unattendedDays], ['lost', 0, 0, 0])
  assert.ok(health.aliveMin > 0 && health.aliveMin < health.needed && health.silent === 0)
})

test('fragments are spread over the domains of a table, however many nodes each has, and health counts these', async () => {
  const domains = new Map<string, string>()
  const storage = await StorageWorld.start({ seed: 9, domainOf: ({ id }) => domains.get(id) ?? id })
  // Half of all nodes are in one system, the others in three.
  for (let node = 0; node < 24; node++) {
    domains.set(storage.world.contact(node).id, node % 2 === 0 ? 'AS0' : `AS${(node % 3) + 1}`)
  }
  const { capability } = await storage.put(1, storage.content(300_000))
  const health = await storage.health(3, capability)
  assert.deepEqual([health.domains, health.domainKind], [4, 'table'])
  assert.ok(health.domainShareMax < 0.3, String(health.domainShareMax))
})

function living(storage: StorageWorld): readonly number[] {
  const { world } = storage
  return Array.from({ length: world.nodeCount }, (_, node) => node).filter((node) => world.isUp(node))
}

/** Of an object that is alone in its world, by who knows everything. */
function truthOnDisks(storage: StorageWorld): ObjectLoss {
  const { world } = storage
  const loss = new ObjectLoss()
  for (const stripe of stripesOnDisks(world)) {
    const keepers = new Keepers()
    let needed = 0
    for (const node of living(storage)) {
      const kept = [...(world.disk(node).fragments.get(stripe)?.values() ?? [])].map(({ fragment }) => fragment)
      keepers.add(
        world.contact(node),
        kept.map(({ index }) => index),
      )
      needed = kept[0]?.header.needed ?? needed
    }
    loss.add(keepers.heldByHolder(), needed)
  }
  return loss
}

/** Of all stripes, or of those of so many fragments. */
function fragmentsOn(storage: StorageWorld, node: number, total?: number): number {
  const fragments = [...storage.world.disk(node).fragments.values()].flatMap((byIndex) => [...byIndex.values()])
  return fragments.filter(({ fragment }) => total === undefined || fragment.header.total === total).length
}

/** As if `to` had also been asked to keep what `from` keeps. */
function copyDisk(storage: StorageWorld, from: number, to: number): void {
  const disk = storage.world.disk(to).fragments
  for (const [stripe, byIndex] of storage.world.disk(from).fragments) {
    disk.set(stripe, new Map([...(disk.get(stripe) ?? []), ...byIndex]))
  }
}
