/** A holder keeps what proves itself and belongs to it, signs for exactly that, and gives strangers no more than fits a reply. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, type Bytes } from '../base/bytes.ts'
import { isFailure, type FailureCode } from '../base/failure.ts'
import { compareDistance, type StripeId } from '../base/id.ts'
import { DAY } from '../base/units.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import { encodeHeader } from '../coding/stripe.ts'
import { regionPoint } from '../crypto/derive.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { StorageWorld } from '../testing/storageWorld.ts'
import { REGION_SIZE } from '../overlay/limits.ts'
import { BODY_BYTES_MAX } from '../wire/limits.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import type { MessageKind, Messages } from '../wire/messages.ts'
import { ADMISSION_SIZE, LEASE_MS_MAX } from './limits.ts'
import { isReceiptValid } from './receipt.ts'

const primitives = new NodePrimitives()

type StoreRequest = Messages['store']['request']

/** A world, and what node 0 asks of node 1 in it. */
async function rig(nodes = 4) {
  const storage = await StorageWorld.start({ seed: 1, nodes })
  const holder = storage.world.contact(1)
  const ask = <K extends MessageKind>(kind: K, request: Messages[K]['request']): Promise<Messages[K]['reply']> =>
    storage.until(storage.network(0).request(holder, kind, request, { timeoutMs: 5_000 }))
  return { storage, holder, ask }
}

function stripeOf(bytes: number, code = { needed: 2, total: 5 }): Promise<EncodedStripe> {
  return new InlineCoder(primitives).encode({ plain: new Uint8Array(bytes).fill(7), key: new Uint8Array(32), code })
}

function offer({ header, fragments, proofs }: EncodedStripe, indices: readonly number[]): StoreRequest {
  return {
    header: encodeHeader(header),
    region: 0,
    fragments: indices.map((index) => ({ index, proof: proofs[index] as Bytes })),
    leaseMs: DAY,
    body: indices.map((index) => fragments[index] as Bytes),
  }
}

async function failsWith(promise: Promise<unknown>, code: FailureCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code) && message.test(error.message))
}

test('what is kept is signed for, told and given back', async () => {
  const { storage, holder, ask } = await rig()
  const stripe = await stripeOf(100)
  const nowMs = storage.world.clock.now()
  const receipt = await ask('store', offer(stripe, [1, 4]))
  const terms = { stripe: stripe.id, sender: storage.world.contact(0).id, indices: [1, 4] }
  assert.ok(await isReceiptValid({ primitives, ids: new NodeIds(primitives) }, receipt, holder.id, terms))
  assert.ok(receipt.expiresMs >= nowMs + DAY && receipt.expiresMs <= nowMs + DAY + 1_000)
  const unknown = 'f'.repeat(64) as StripeId
  const { holdings } = await ask('have', { stripes: [unknown, stripe.id] })
  assert.equal(holdings[0], undefined)
  assert.deepEqual([...(holdings[1]?.indices ?? [])], [1, 4])
  const given = await ask('fetch', { stripe: stripe.id, indices: Uint8Array.of(4, 0, 4) })
  assert.deepEqual(
    given.fragments.map(({ index }) => index),
    [4],
  )
  assert.deepEqual(concat(...(given.body ?? [])), concat(stripe.fragments[4] as Bytes))
  assert.deepEqual((await ask('fetch', { stripe: unknown, indices: Uint8Array.of(0) })).header, undefined)
})

test('what does not prove itself is refused as a whole, and nothing of it kept', async () => {
  const { storage, ask } = await rig()
  const good = offer(await stripeOf(100), [0, 1])
  const other = offer(await stripeOf(101), [0, 1])
  const lie = (good.body?.[1] as Bytes).map((byte) => byte ^ 1)
  await failsWith(
    ask('store', { ...good, body: [good.body?.[0] as Bytes, lie] }),
    'damaged',
    /fragment 1 does not prove/,
  )
  await failsWith(ask('store', { ...good, header: other.header }), 'damaged', /fragment 0 does not prove/)
  await failsWith(ask('store', { ...good, fragments: [...good.fragments].reverse() }), 'damaged', /does not prove/)
  await failsWith(ask('store', { ...good, body: [good.body?.[0] as Bytes] }), 'invalid', /one body part per fragment/)
  await failsWith(ask('store', { ...good, header: new Uint8Array(40) }), 'invalid', /header is malformed/)
  assert.equal(storage.world.disk(1).fragments.size, 0)
})

test('regions that a stripe does not have, or that are far from the node, are refused', async () => {
  const { ask } = await rig()
  const request = offer(await stripeOf(100), [0])
  await ask('store', { ...request, region: 4 })
  await failsWith(ask('store', { ...request, region: 5 }), 'invalid', /no such region/)
})

test('in a network that is larger than its regions a node refuses what is far from it', async () => {
  const { storage, ask } = await rig(60)
  let far = 0
  for (let n = 0; n < 12; n++) {
    const stripe = await stripeOf(100 + n)
    const point = regionPoint(primitives, stripe.id, 0)
    const distances = Array.from({ length: 60 }, (_, node) => storage.world.contact(node).id)
    const place = distances.sort((a, b) => compareDistance(point, a, b)).indexOf(storage.world.contact(1).id)
    const stored = ask('store', offer(stripe, [0]))
    // Views differ a little, so those in between are not judged.
    if (place < REGION_SIZE) await stored
    else if (place < ADMISSION_SIZE + 5) await stored.catch(() => undefined)
    else {
      await failsWith(stored, 'refused', /not in that region/)
      far++
    }
  }
  assert.ok(far > 0)
})

test('a lease is no longer than the longest there is', async () => {
  const { storage, ask } = await rig()
  const receipt = await ask('store', { ...offer(await stripeOf(100), [0]), leaseMs: 2 * LEASE_MS_MAX })
  assert.ok(receipt.expiresMs <= storage.world.clock.now() + LEASE_MS_MAX)
})

test('a reply has no more fragments than fit it', async () => {
  const { ask } = await rig()
  const code = { needed: 2, total: 4 }
  const stripe = await stripeOf(800_000, code)
  for (const index of [0, 1, 2, 3]) await ask('store', offer(stripe, [index]))
  const given = await ask('fetch', { stripe: stripe.id, indices: Uint8Array.of(3, 2, 1, 0) })
  assert.deepEqual(
    given.fragments.map(({ index }) => index),
    [3, 2],
  )
  assert.ok((given.body ?? []).reduce((sum, part) => sum + part.length, 0) <= BODY_BYTES_MAX)
})
