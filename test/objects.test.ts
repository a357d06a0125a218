/** Objects in a network of whole nodes: what was put is read back identical, through loss, lies and refusals, or said to be lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { objectVectors, pattern } from '../scripts/objectVectors.ts'
import { present } from '../src/base/assert.ts'
import { fromHex, type Bytes } from '../src/base/bytes.ts'
import { Failure, isFailure, type FailureCode } from '../src/base/failure.ts'
import type { StripeId } from '../src/base/id.ts'
import { KIB, MIB } from '../src/base/units.ts'
import { toVerify, type Capability } from '../src/crypto/link.ts'
import type { FragmentStore } from '../src/ports/fragmentStore.ts'
import { fragmentsAlive, stripesOnDisks } from '../src/sim/checkers/fragmentsOnDisks.ts'
import { withSeeds } from '../src/sim/seeds.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { StorageWorld } from '../src/testing/storageWorld.ts'

async function failsWith(promise: Promise<unknown>, code: FailureCode, message = /./): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code) && message.test(error.message))
}

test('objects of all sizes are read back identical, whole and in any range', async () => {
  const storage = await StorageWorld.start({ seed: 1 })
  for (const size of [0, 1, 4 * KIB, 4 * KIB + 1, 70_000, MIB + 1]) {
    const content = storage.content(size)
    const put = await storage.put(0, content, { type: 'text/plain' })
    assert.equal(put.bytes, size)
    assert.equal(put.segments, size <= 4 * KIB ? 0 : 1)
    sameBytes(await storage.read(7, put.capability), content)
    if (size === 0) continue
    const bounds = fc.array(fc.integer({ min: 0, max: size - 1 }), { minLength: 2, maxLength: 2 })
    const property = fc.asyncProperty(bounds, async ([a = 0, b = 0]) => {
      const range = { start: Math.min(a, b), end: Math.max(a, b) }
      sameBytes(await storage.read(9, put.capability, range), content.slice(range.start, range.end + 1))
    })
    await fc.assert(property, { numRuns: 5, seed: size })
  }
})

test('an object of two segments is read back across their border', async () => {
  const storage = await StorageWorld.start({ seed: 2 })
  const content = storage.content(17 * MIB)
  const put = await storage.put(0, content)
  assert.equal(put.segments, 2)
  sameBytes(await storage.read(5, put.capability), content)
  const range = { start: 16 * MIB - 100, end: 16 * MIB + 99 }
  sameBytes(await storage.read(6, put.capability, range), content.slice(range.start, range.end + 1))
})

test('half of the nodes vanish at once, and every object is read back identical with its health told as it is', async () => {
  await withSeeds('half-vanishes', { file: import.meta.filename, freshCount: 3 }, async (seed) => {
    const storage = await StorageWorld.start({ seed })
    const stored = await putSome(storage, [100, 5_000, 70_000, MIB + 1])
    for (const object of stored) await healthIsTrue(storage, object)
    storage.killAtRandom(12, [3])
    for (const object of stored) {
      sameBytes(await storage.read(3, object.capability), object.content)
      await healthIsTrue(storage, object)
    }
  })
})

test('with too few nodes left an object is unreachable, and a link that nobody knows is not found', async () => {
  const storage = await StorageWorld.start({ seed: 4 })
  const { capability } = await storage.put(0, storage.content(70_000))
  const unknown = { ...capability, root: '7'.repeat(64) as StripeId }
  await assert.rejects(storage.read(3, unknown), (error) => {
    assert.ok(isFailure(error, 'not-found'))
    assert.match(error.message, /24 of 24 responsible nodes answered that they do not have it/)
    assert.deepEqual(error.details, {
      responsible: 24,
      answeredNo: 24,
      answeredYes: 0,
      silent: 0,
      alive: 0,
      damaged: 0,
      needed: undefined,
    })
    return true
  })
  storage.killAtRandom(20, [3])
  await failsWith(storage.read(3, capability), 'unreachable', /try again when more nodes are up/)
  await failsWith(storage.read(3, unknown), 'unreachable', /20 were silent/)
  assert.equal((await storage.health(3, capability)).state, 'lost')
})

test('a wrong key and a verify link are told apart from a lost object', async () => {
  const storage = await StorageWorld.start({ seed: 5, nodes: 8 })
  const content = storage.content(5_000)
  const { capability } = await storage.put(0, content)
  const wrong = { ...capability, key: storage.content(32, 9) }
  await failsWith(storage.read(3, wrong), 'damaged', /cannot be read with this link/)
  await failsWith(storage.read(3, toVerify(storage.primitives, capability)), 'invalid', /use the read link/)
  assert.equal((await storage.health(3, toVerify(storage.primitives, capability))).state, 'healthy')
})

test('holders that lie change nothing but their own reputation', async () => {
  const liars = [5, 6, 7, 8]
  const storage = await StorageWorld.start({ seed: 6, liars })
  const content = storage.content(MIB + 1)
  const { capability } = await storage.put(0, content)
  sameBytes(await storage.read(3, capability), content)
  const { reads } = storage.node(3).status()
  const ids = liars.map((node) => storage.world.contact(node).id)
  assert.deepEqual(new Set(reads.liars.map(({ id }) => id)), new Set(ids))
  assert.ok(reads.fragmentsDamaged >= 4)
  assert.ok(reads.fragmentsVerified >= 64)
})

test('where most holders lie the object is damaged, not different', async () => {
  const liars = Array.from({ length: 24 }, (_, node) => node).filter((node) => node !== 3)
  const storage = await StorageWorld.start({ seed: 7, liars })
  const { capability } = await storage.put(0, storage.content(70_000))
  await failsWith(storage.read(3, capability), 'damaged', /gave damaged fragments/)
})

test('what some holders have no room for is placed with others', async () => {
  const crowded = [1, 2, 3, 4, 5, 6, 7, 8]
  const storage = await StorageWorld.start({
    seed: 8,
    alter: (ports, node) =>
      crowded.includes(node) ? { fragments: alteredPort(ports.fragments, { put: () => Promise.reject(full) }) } : {},
  })
  const content = storage.content(70_000)
  const put = await storage.put(0, content)
  assert.equal(put.fragments.placed, put.fragments.total)
  for (const node of crowded) assert.equal(storage.world.disk(node).fragments.size, 0)
  sameBytes(await storage.read(1, put.capability), content)
})

test('holders whose receipts are forged count for nothing', async () => {
  const forgers = [1, 2, 3, 4, 5, 6]
  const storage = await StorageWorld.start({
    seed: 15,
    alter: ({ signer }, node) =>
      forgers.includes(node) ? { signer: { ...signer, sign: () => new Uint8Array(64) } } : {},
  })
  const content = storage.content(70_000)
  const put = await storage.put(0, content)
  assert.equal(put.fragments.placed, put.fragments.total)
  for (const node of forgers) storage.world.crash(node, 'vanish')
  for (const stripe of stripesOnDisks(storage.world)) {
    const total = stripe === put.capability.root ? 20 : put.fragments.total
    assert.equal(fragmentsAlive(storage.world, stripe).size, total)
  }
})

test('where nobody has room the put says so', async () => {
  const storage = await StorageWorld.start({ seed: 9, nodes: 8, disk: { quotaBytes: 1_000 } })
  await failsWith(storage.put(0, storage.content(70_000)), 'no-space', /only \d+ of \d+ fragments found a holder/)
})

test('slow links, jitter and loss cost time and nothing else', async () => {
  const link = { delayMs: [5, 300] as const, jitterMs: 100, loss: 0.05, uplinkBytesPerSecond: () => 2 * MIB }
  const storage = await StorageWorld.start({ seed: 10, link })
  const content = storage.content(300_000)
  const { capability } = await storage.put(0, content)
  storage.world.slow(3, 4, 5_000)
  sameBytes(await storage.read(3, capability), content)
})

test('holders that are busy for a while are asked again', async () => {
  const storage = await StorageWorld.start({
    seed: 11,
    nodes: 8,
    alter: ({ fragments }) => {
      const left = { put: 3, get: 3 }
      return { fragments: busyStore(fragments, (call) => left[call]-- > 0) }
    },
  })
  const content = storage.content(70_000)
  const put = await storage.put(0, content)
  assert.equal(put.fragments.placed, put.fragments.total)
  sameBytes(await storage.read(3, put.capability), content)
})

test('holders that are busy for ever do not keep a put or a read from ending', async () => {
  let isBusy = false
  const storage = await StorageWorld.start({
    seed: 12,
    nodes: 8,
    alter: ({ fragments }) => ({ fragments: busyStore(fragments, () => isBusy) }),
  })
  const { capability } = await storage.put(0, storage.content(70_000))
  isBusy = true
  await failsWith(storage.put(0, storage.content(70_000)), 'unreachable')
  await failsWith(storage.read(3, capability), 'unreachable')
})

test('one node takes every fragment of the widest codes, its own and those of another that has no room', async () => {
  const storage = await StorageWorld.start({
    seed: 13,
    nodes: 2,
    alter: ({ fragments }, node) =>
      node === 1 ? { fragments: alteredPort(fragments, { put: () => Promise.reject(full) }) } : {},
  })
  for (const size of [100, 300_000]) {
    const content = storage.content(size)
    for (const writer of [0, 1]) {
      const put = await storage.put(writer, content, { survive: size === 100 ? 0.94 : 0.6 })
      assert.ok(put.fragments.total > 220)
      assert.equal(put.fragments.placed, put.fragments.total)
      sameBytes(await storage.read(1, put.capability), content)
      assert.equal((await storage.health(1, put.capability)).survivesNow, 0)
    }
  }
})

test('what a node stores under the secret of the published vectors has their stripe ids', async () => {
  const vectors = objectVectors()
  const secret = present(fromHex(vectors.secret), 'hexadecimal digits')
  const storage = await StorageWorld.start({
    seed: 14,
    nodes: 4,
    survive: vectors.survive,
    alter: ({ random }) => ({ random: alteredPort(random, { bytes: () => secret }) }),
  })
  for (const object of vectors.objects) {
    const { start, bytes } = object.pattern
    const { capability } = await storage.put(0, pattern(bytes, start), { type: object.type })
    assert.equal(capability.root, object.root.stripeId)
    const stripes = stripesOnDisks(storage.world)
    for (const { stripeId } of object.segments) assert.ok(stripes.has(stripeId as StripeId))
  }
})

interface Stored {
  readonly content: Bytes
  readonly capability: Capability
  /** The stripes of its content; of a small one its root. */
  readonly stripes: readonly StripeId[]
}

async function putSome(storage: StorageWorld, sizes: readonly number[]): Promise<readonly Stored[]> {
  const stored: Stored[] = []
  for (const [at, size] of sizes.entries()) {
    const before = stripesOnDisks(storage.world)
    const content = storage.content(size, at)
    const { capability } = await storage.put(at, content)
    const fresh = [...stripesOnDisks(storage.world)].filter((stripe) => !before.has(stripe))
    const stripes = fresh.length === 1 ? fresh : fresh.filter((stripe) => stripe !== capability.root)
    stored.push({ content, capability, stripes })
  }
  return stored
}

/** Health as node 3 asks for it is what lies on the disks of the nodes that are up. */
async function healthIsTrue(storage: StorageWorld, { content, capability, stripes }: Stored): Promise<void> {
  const health = await storage.health(3, capability)
  const alive = stripes.map((stripe) => fragmentsAlive(storage.world, stripe).size)
  assert.equal(health.aliveMin, Math.min(...alive))
  assert.equal(health.bytes, content.length)
  assert.notEqual(health.state, 'lost')
}

const full = new Failure('no-space', 'this disk is full')

/** A store that turns calls away while `isBusy` says so. */
function busyStore(store: FragmentStore, isBusy: (call: 'put' | 'get') => boolean): FragmentStore {
  const turnAway = (): Promise<never> => Promise.reject(new Failure('busy', 'too much to do'))
  return alteredPort(store, {
    put: (fragments, lease) => (isBusy('put') ? turnAway() : store.put(fragments, lease)),
    get: (stripe, index) => (isBusy('get') ? turnAway() : store.get(stripe, index)),
  })
}
