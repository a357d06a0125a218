/** A node looks after what it keeps by itself: rot is found, what is over makes room, and shares are known again after a restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import { ReferenceKernel } from '../coding/kernel/reference.ts'
import { encodeHeader, encodeStripe } from '../coding/stripe.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import { sameBytes } from '../testing/sameBytes.ts'
import { gather, StorageWorld } from '../testing/storageWorld.ts'
import type { Messages } from '../wire/messages.ts'

function stripeOf({ primitives }: StorageWorld, bytes: number): EncodedStripe {
  const job = { plain: new Uint8Array(bytes), key: new Uint8Array(32), code: { needed: 2, total: 4 } }
  return encodeStripe(new ReferenceKernel(), primitives, job)
}

function put(
  storage: StorageWorld,
  { header, fragments, proofs }: EncodedStripe,
  { from = 0, index = 0, leaseMs = DAY },
): Promise<Messages['store']['reply']> {
  const request = {
    header: encodeHeader(header),
    region: 0,
    fragments: [{ index, proof: proofs[index] as Bytes }],
    leaseMs,
    owner: undefined,
    body: [fragments[index] as Bytes],
  }
  return storage.until(storage.network(from).request(storage.world.contact(1), 'store', request, { timeoutMs: 9_000 }))
}

/** Flips a byte of every n-th fragment of a node's disk; how many. */
function rot(storage: StorageWorld, node: number, every: number): number {
  let [seen, rotten] = [0, 0]
  for (const byIndex of storage.world.disk(node).fragments.values()) {
    for (const [index, { fragment, lease }] of byIndex) {
      if (seen++ % every !== 0) continue
      const data = fragment.data.slice()
      data[data.length >> 1] = present(data[data.length >> 1], 'a byte') ^ 0x10
      byIndex.set(index, { fragment: { ...fragment, data }, lease })
      rotten++
    }
  }
  return rotten
}

test('bytes that flip on disks are found by the scrub and deleted, and readers see none of it', async () => {
  const storage = await StorageWorld.start({ seed: 3, nodes: 12, scrubPeriodMs: 20 * MINUTE })
  const content = storage.content(300_000)
  const { capability } = await storage.put(0, content)
  const rotten = [4, 5, 6].map((node) => rot(storage, node, 3))
  assert.ok(rotten.every((count) => count > 2))
  // Without the checkers, which hold that nothing on a disk is lost or damaged.
  await storage.world.run(41 * MINUTE)
  for (const [at, node] of [4, 5, 6].entries()) {
    const { damaged, scrubbed, fragments } = storage.node(node).status().storage
    assert.equal(damaged, rotten[at])
    assert.ok(scrubbed >= fragments + damaged)
  }
  const read = await storage.world.runUntil(
    storage
      .node(3)
      .objects.open(capability)
      .then((object) => gather(object)),
    { limitMs: MINUTE },
  )
  sameBytes(read as Bytes, content)
  assert.equal(storage.node(3).status().reads.fragmentsDamaged, 0)
})

test('a scrub on demand says how far it is and what it has found', async () => {
  const storage = await StorageWorld.start({ seed: 4, nodes: 4 })
  for (const bytes of [100, 101, 102]) await put(storage, stripeOf(storage, bytes), {})
  const rotten = rot(storage, 1, 2)
  const told: number[] = []
  const verified = storage.node(1).storage.verify({ onProgress: ({ fragments }) => told.push(fragments) })
  const { fragments, damaged } = (await storage.world.runUntil(verified, { limitMs: MINUTE })) as Awaited<
    typeof verified
  >
  assert.deepEqual([fragments, damaged, told], [3, rotten, [1, 2, 3]])
  assert.equal(storage.node(1).status().storage.fragments, 3 - rotten)
})

test('a full node makes room of what is over, and refuses when nothing is', async () => {
  const storage = await StorageWorld.start({ seed: 5, nodes: 10, disk: { quotaBytes: 8_000 } })
  // One fragment each of 900 bytes and a proof, from a sender each.
  const stripes = Array.from({ length: 9 }, (_, n) => stripeOf(storage, 1_800 - n))
  const senders = [0, 2, 3, 4, 5, 6, 7, 8]
  const held = (): readonly boolean[] => stripes.map(({ id }) => storage.world.disk(1).fragments.has(id))
  for (const [n, from] of senders.entries()) {
    await put(storage, stripes[n] as EncodedStripe, { from, leaseMs: n === 3 ? MINUTE : DAY })
  }
  const last = stripes[8] as EncodedStripe
  await assert.rejects(put(storage, last, {}), (error) => isFailure(error, 'no-space'))
  await storage.run(2 * MINUTE)
  assert.deepEqual(await storage.until(storage.node(1).storage.gc()), { fragments: 0, bytes: 0 }, 'the grace is a day')
  await put(storage, last, { from: 9 })
  assert.deepEqual(
    held(),
    stripes.map((_, n) => n !== 3),
  )
  assert.equal(storage.node(1).status().storage.evicted, 1)
  await assert.rejects(put(storage, stripes[3] as EncodedStripe, { from: 4 }), (error) => isFailure(error, 'no-space'))
})

test('a node that starts again knows how much each sender has', async () => {
  const storage = await StorageWorld.start({ seed: 6, nodes: 4 })
  for (const [n, from] of [0, 0, 2].entries()) await put(storage, stripeOf(storage, 100 + 20 * n), { from })
  const before = storage.node(1).storage.usage()
  assert.deepEqual(
    before.senders.map(({ id }) => id),
    [0, 2].map((node) => storage.world.contact(node).id),
  )
  assert.equal(
    before.senders.reduce((sum, { bytes }) => sum + bytes, 0),
    before.bytes,
  )
  storage.world.crash(1)
  await storage.run(SECOND)
  storage.world.restart(1, { disk: 'kept' })
  await storage.run(10 * SECOND)
  assert.deepEqual(storage.node(1).storage.usage(), before)
})
