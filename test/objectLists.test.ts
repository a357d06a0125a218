/** Objects with lists of stripes, made by hand so that few bytes need many segments: read, checked, and refused where they lie. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY, type Bytes } from '../src/base/bytes.ts'
import { isFailure } from '../src/base/failure.ts'
import type { StripeId } from '../src/base/id.ts'
import { ReferenceKernel } from '../src/coding/kernel/reference.ts'
import { encodeStripe } from '../src/coding/stripe.ts'
import { listKey, objectKeys, rootKey, segmentKey } from '../src/crypto/derive.ts'
import type { Capability } from '../src/crypto/link.ts'
import type { FragmentDisk } from '../src/sim/memory/fragmentStore.ts'
import { LIST_CHILDREN_MAX } from '../src/storage/limits.ts'
import { encodeList, encodeRoot, sealContent, type Root } from '../src/storage/root.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { gather, StorageWorld } from '../src/testing/storageWorld.ts'

const NODES = 6
/** The first nodes keep everything, so that the others have to ask. */
const HOLDERS = 3
const SEGMENT_BYTES = 16
const SECRET = new Uint8Array(32).fill(5)

type StripeOnDisk = FragmentDisk extends Map<StripeId, infer T> ? T : never

/** Puts stripes on the disks of a world, as if a node had stored them. */
class Planter {
  readonly storage: StorageWorld
  private readonly kernel = new ReferenceKernel()

  constructor(storage: StorageWorld) {
    this.storage = storage
  }

  get keys(): ReturnType<typeof objectKeys> {
    return objectKeys(this.storage.primitives, SECRET)
  }

  plant(plain: Bytes, key: Bytes): StripeId {
    const code = { needed: 1, total: NODES }
    const { id, header, fragments, proofs } = encodeStripe(this.kernel, this.storage.primitives, { plain, key, code })
    for (const [index, data] of fragments.entries()) {
      const fragment = { stripe: id, header, index, data, proof: proofs[index] as Bytes }
      const lease = { expiresMs: 2e12, sender: this.storage.world.contact(0).id, owner: undefined }
      const disk: FragmentDisk = this.storage.world.disk(index % HOLDERS).fragments
      const byIndex: StripeOnDisk = disk.get(id) ?? (new Map() as StripeOnDisk)
      disk.set(id, byIndex.set(index, { fragment, lease }))
    }
    return id
  }

  segment(content: Bytes, position: number): StripeId {
    return this.plant(content, segmentKey(this.storage.primitives, this.keys.readKey, position))
  }

  list(children: readonly StripeId[], level: number, position: number): StripeId {
    return this.plant(encodeList(children), listKey(this.storage.primitives, this.keys.verifyKey, level, position))
  }

  object(root: Omit<Root, 'sealed' | 'segmentBytes'>): Capability {
    const { primitives } = this.storage
    const sealed = sealContent(primitives, this.keys.readKey, { type: '', inline: EMPTY })
    const bytes = encodeRoot({ ...root, segmentBytes: SEGMENT_BYTES, sealed })
    return {
      what: 'object',
      right: 'read',
      root: this.plant(bytes, rootKey(primitives, this.keys.verifyKey)),
      key: SECRET,
    }
  }
}

/** An object of so many segments, all of them in lists. */
async function objectOfLists(
  seed: number,
  count: number,
): Promise<{ readonly storage: StorageWorld; readonly content: Bytes; readonly capability: Capability }> {
  const planter = new Planter(await StorageWorld.start({ seed, nodes: NODES }))
  const content = planter.storage.content(count * SEGMENT_BYTES)
  const segments = Array.from({ length: count }, (_, at) =>
    planter.segment(content.slice(at * SEGMENT_BYTES, (at + 1) * SEGMENT_BYTES), at),
  )
  const lists = Array.from({ length: Math.ceil(count / LIST_CHILDREN_MAX) }, (_, at) =>
    segments.slice(at * LIST_CHILDREN_MAX, (at + 1) * LIST_CHILDREN_MAX),
  )
  const children = lists.map((list, at) => planter.list(list, 1, at))
  return { storage: planter.storage, content, capability: planter.object({ size: content.length, depth: 1, children }) }
}

test('segments are found through lists, also across the border of two', async () => {
  const { storage, content, capability } = await objectOfLists(1, LIST_CHILDREN_MAX + 1)
  const border = LIST_CHILDREN_MAX * SEGMENT_BYTES
  for (const range of [
    { start: 0, end: 40 },
    { start: border - 20, end: content.length - 1 },
  ]) {
    sameBytes(await storage.read(4, capability, range), content.slice(range.start, range.end + 1))
  }
})

test('the health of an object with lists is that of its data', async () => {
  const { storage, capability } = await objectOfLists(5, 12)
  const health = await storage.health(4, capability)
  assert.deepEqual([health.segments, health.aliveMin, health.total, health.state], [12, NODES, NODES, 'healthy'])
})

test('health that is given up in the midst of many stripes settles, and leaves no failure unheard', async () => {
  const { storage, capability } = await objectOfLists(6, 40)
  for (const afterMs of [0, 60, 120, 180, 240]) {
    const controller = new AbortController()
    const health = storage.node(4).objects.health(capability, { signal: controller.signal })
    health.catch(() => undefined)
    await storage.run(afterMs)
    controller.abort()
    await assert.rejects(storage.until(health), (error) => isFailure(error, 'aborted'))
  }
})

test('a fragment that several nodes keep counts once, for that which has fewest', async () => {
  const { storage, capability } = await objectOfLists(7, 1)
  for (let node = 1; node < HOLDERS; node++) {
    const { fragments } = storage.world.disk(node)
    for (const [stripe, byIndex] of storage.world.disk(0).fragments) fragments.set(stripe, new Map(byIndex))
  }
  const health = await storage.health(4, capability)
  assert.deepEqual([health.alive, health.holders, health.state], [NODES / HOLDERS, HOLDERS, 'at-risk'])
  assert.deepEqual(
    [health.survivesNow, health.survivesDomains],
    [1 / NODES, 1],
    'two fragments count for one node each',
  )
})

test('one reader that gives up does not take the list from another that waits for it', async () => {
  const { storage, content, capability } = await objectOfLists(2, 3)
  const object = await storage.until(storage.node(4).objects.open(capability))
  const controller = new AbortController()
  const range = { start: 3, end: 30 }
  const first = gather({ stream: () => object.stream({ range, signal: controller.signal }) })
  first.catch(() => undefined)
  const second = gather(object, range)
  await storage.run(5)
  controller.abort()
  sameBytes(await storage.until(second), content.slice(3, 31))
  await assert.rejects(first, (error) => isFailure(error, 'aborted'))
})

test('lists that are shorter than the size says are damaged, at every level', async () => {
  const planter = new Planter(await StorageWorld.start({ seed: 3, nodes: NODES }))
  const { storage } = planter
  const leaf = planter.segment(new Uint8Array(SEGMENT_BYTES), 0)
  const emptyAbove = planter.list([], 2, 1)
  const fullAbove = planter.list([planter.list([leaf], 1, 0)], 2, 0)
  const size = (LIST_CHILDREN_MAX ** 2 + 1) * SEGMENT_BYTES
  const capability = planter.object({ size, depth: 2, children: [fullAbove, emptyAbove] })
  assert.equal((await storage.read(4, capability, { start: 0, end: 5 })).length, 6)
  for (const start of [SEGMENT_BYTES, LIST_CHILDREN_MAX * SEGMENT_BYTES, size - 1]) {
    await assert.rejects(storage.read(4, capability, { start, end: start }), (error) => isFailure(error, 'damaged'))
  }
  await assert.rejects(storage.health(4, capability), (error) => isFailure(error, 'damaged'))
})

test('an object whose segments are shorter than its root says is damaged, not cut', async () => {
  const planter = new Planter(await StorageWorld.start({ seed: 4, nodes: NODES }))
  const { storage } = planter
  const children = [planter.segment(new Uint8Array(SEGMENT_BYTES), 0), planter.segment(new Uint8Array(3), 1)]
  const capability = planter.object({ size: 2 * SEGMENT_BYTES, depth: 0, children })
  await assert.rejects(storage.read(4, capability), (error) => isFailure(error, 'damaged'))
  assert.equal((await storage.read(4, capability, { start: 0, end: 18 })).length, 19)
  await assert.rejects(storage.read(4, capability, { start: 20, end: 20 }), (error) => isFailure(error, 'damaged'))
})
