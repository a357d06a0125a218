/** A holder keeps what proves itself and belongs to it, signs for exactly that, and gives strangers no more than fits a reply. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import { compareDistance, type StripeId } from '../base/id.ts'
import { DAY, SECOND } from '../base/units.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import { encodeHeader } from '../coding/stripe.ts'
import { regionPoint } from '../crypto/derive.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { alteredPort } from '../testing/alteredPort.ts'
import { StorageWorld, type StorageWorldOptions } from '../testing/storageWorld.ts'
import { REGION_SIZE } from '../overlay/limits.ts'
import { BODY_BYTES_MAX } from '../wire/limits.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import type { Lease } from '../ports/fragmentStore.ts'
import type { MessageKind, Messages } from '../wire/messages.ts'
import { ADMISSION_SIZE, LEASE_MS_MAX, PROOF_SLICE_BYTES } from './limits.ts'
import { challengedSlice } from './proof.ts'
import { isJointReceiptValid, isReceiptValid } from './receipt.ts'
import { ownerTag, signRelease } from './release.ts'

const primitives = new NodePrimitives()

type StoreRequest = Messages['store']['request']

/** A world, and what node 0 asks of node 1 in it. */
async function rig(nodes = 4, options: Partial<StorageWorldOptions> = {}) {
  const storage = await StorageWorld.start({ seed: 1, nodes, ...options })
  const holder = storage.world.contact(1)
  const askAs = <K extends MessageKind>(
    node: number,
    kind: K,
    request: Messages[K]['request'],
  ): Promise<Messages[K]['reply']> =>
    storage.until(storage.network(node).request(holder, kind, request, { timeoutMs: 5_000 }))
  const ask = <K extends MessageKind>(kind: K, request: Messages[K]['request']): Promise<Messages[K]['reply']> =>
    askAs(0, kind, request)
  const leases = (stripe: StripeId): readonly Lease[] =>
    [...(storage.world.disk(1).fragments.get(stripe)?.values() ?? [])].map(({ lease }) => lease)
  return { storage, holder, ask, askAs, leases }
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
    owner: undefined,
    body: indices.map((index) => fragments[index] as Bytes),
  }
}

function flipped(data: Bytes): Bytes {
  return data.map((byte, at) => (at === 0 ? byte ^ 1 : byte))
}

async function failsWith(promise: Promise<unknown>, code: FailureCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code) && message.test(error.message))
}

test('fragments of several stripes are kept and signed for together, all or none of them', async () => {
  const { storage, holder, ask } = await rig()
  const [small, large] = [await stripeOf(100), await stripeOf(5_000)]
  const [first, second] = [offer(small, [1, 4]), offer(large, [0])]
  const offers = [first, { ...second, leaseMs: 2 * DAY }]
  const body = [...(first.body ?? []), ...(second.body ?? [])]
  const receipt = await ask('storeAll', { offers, body })
  const kept = [
    { stripe: small.id, indices: [1, 4] },
    { stripe: large.id, indices: [0] },
  ]
  const terms = { sender: storage.world.contact(0).id, kept }
  const deps = { primitives, ids: new NodeIds(primitives) }
  assert.ok(await isJointReceiptValid(deps, receipt, holder.id, terms))
  assert.ok(!(await isJointReceiptValid(deps, receipt, holder.id, { ...terms, kept: [...kept].reverse() })))
  assert.ok(!(await isJointReceiptValid(deps, receipt, holder.id, { ...terms, kept: kept.slice(0, 1) })))
  const [untilFirst = 0, untilSecond = 0] = receipt.expiresMs
  assert.equal(untilSecond - untilFirst, DAY)
  const changed = { ...receipt, expiresMs: [untilSecond, untilSecond] }
  assert.ok(!(await isJointReceiptValid(deps, changed, holder.id, terms)))
  const { holdings } = await ask('have', { stripes: [small.id, large.id], purpose: 'read' })
  assert.deepEqual(
    holdings.map((each) => [...(each?.indices ?? [])]),
    [[1, 4], [0]],
  )

  const lie = flipped(body[2] as Bytes)
  await failsWith(ask('storeAll', { offers, body: [...body.slice(0, 2), lie] }), 'damaged', /does not prove itself/)
  await failsWith(ask('storeAll', { offers, body: body.slice(0, 2) }), 'invalid', /one body part per fragment/)
  await failsWith(ask('storeAll', { offers, body: [...body, lie] }), 'invalid', /one body part per fragment/)
  await failsWith(ask('storeAll', { offers: [first, { ...second, region: 5 }], body }), 'invalid', /no such region/)
})

test('what is kept is signed for, told and given back', async () => {
  const { storage, holder, ask } = await rig()
  const stripe = await stripeOf(100)
  const nowMs = storage.world.clock.now()
  const receipt = await ask('store', offer(stripe, [1, 4]))
  const terms = { stripe: stripe.id, sender: storage.world.contact(0).id, indices: [1, 4] }
  assert.ok(await isReceiptValid({ primitives, ids: new NodeIds(primitives) }, receipt, holder.id, terms))
  assert.ok(receipt.expiresMs >= nowMs + DAY && receipt.expiresMs <= nowMs + DAY + 1_000)
  const unknown = 'f'.repeat(64) as StripeId
  const { holdings } = await ask('have', { stripes: [unknown, stripe.id], purpose: 'read' })
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

const [seed, otherSeed] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Bytes, Bytes]
const [owner, otherOwner] = [seed, otherSeed].map((each) => ownerTag(primitives, primitives.publicKey(each))) as [
  Bytes,
  Bytes,
]

test('a holder tells with what it has until when and for whom', async () => {
  const { storage, ask } = await rig()
  const stripe = await stripeOf(100)
  const nowMs = storage.world.clock.now()
  await ask('store', { ...offer(stripe, [0]), leaseMs: 3 * DAY })
  await ask('store', { ...offer(stripe, [1, 2]), leaseMs: 2 * DAY, owner })
  const [holding] = (await ask('have', { stripes: [stripe.id], purpose: 'read' })).holdings
  assert.deepEqual(holding?.owner, owner)
  assert.ok(holding.expiresMs >= nowMs + 2 * DAY && holding.expiresMs < nowMs + 2 * DAY + 5 * SECOND)
})

test('a lease is renewed for whoever asks, never shortened, and only where something is kept', async () => {
  const { storage, ask, askAs, leases } = await rig()
  const stripe = await stripeOf(100)
  await ask('store', offer(stripe, [0, 3]))
  const unknown = 'f'.repeat(64) as StripeId
  const nowMs = storage.world.clock.now()
  const renewed = await askAs(2, 'renew', { stripes: [unknown, stripe.id], leaseMs: 5 * DAY })
  assert.equal(renewed.expiresMs[0], undefined)
  const [, untilMs = 0] = renewed.expiresMs
  assert.ok(untilMs >= nowMs + 5 * DAY && untilMs < nowMs + 5 * DAY + 5 * SECOND)
  assert.deepEqual(
    leases(stripe.id).map(({ expiresMs }) => expiresMs),
    [untilMs, untilMs],
  )
  assert.deepEqual((await ask('renew', { stripes: [stripe.id], leaseMs: DAY })).expiresMs, [untilMs])
  const [longestMs = 0] = (await ask('renew', { stripes: [stripe.id], leaseMs: 2 * LEASE_MS_MAX })).expiresMs
  assert.ok(longestMs <= storage.world.clock.now() + LEASE_MS_MAX)
})

test('a proof has the bytes of every fragment that the nonce picks, and nothing of what is not held', async () => {
  const { storage, ask } = await rig()
  const stripe = await stripeOf(1_000)
  const small = await stripeOf(11)
  await ask('store', offer(stripe, [1, 4]))
  await ask('store', offer(small, [2]))
  const unknown = 'f'.repeat(64) as StripeId
  for (const nonce of [0, 468, 469, 0xffffffff]) {
    const proven = await ask('prove', {
      challenges: [
        { stripe: stripe.id, nonce },
        { stripe: unknown, nonce },
        { stripe: small.id, nonce },
      ],
    })
    assert.deepEqual(
      proven.holdings.map((holding) => holding && [...holding.indices]),
      [[1, 4], undefined, [2]],
    )
    const start = nonce % 469
    const slices = [1, 4].map((index) => (stripe.fragments[index] as Bytes).subarray(start, start + PROOF_SLICE_BYTES))
    assert.deepEqual(proven.body, [concat(...slices), new Uint8Array(0), concat(small.fragments[2] as Bytes)])
  }
  assert.deepEqual(challengedSlice(Uint8Array.of(7), 99), Uint8Array.of(7))
  assert.equal(storage.world.disk(1).fragments.size, 2)
})

test('what the disk cannot give back is not proven', async () => {
  const lost = new Set<number>()
  const { ask } = await rig(4, {
    alter: ({ fragments }) => ({
      fragments: alteredPort(fragments, {
        get: async (stripe, index) => (lost.has(index) ? undefined : fragments.get(stripe, index)),
      }),
    }),
  })
  const stripe = await stripeOf(1_000)
  await ask('store', offer(stripe, [1, 4]))
  const challenges = [{ stripe: stripe.id, nonce: 5 }]
  lost.add(1)
  const proven = await ask('prove', { challenges })
  assert.deepEqual([...(proven.holdings[0]?.indices ?? [])], [4])
  assert.equal(proven.body?.[0]?.length, PROOF_SLICE_BYTES)
  lost.add(4)
  assert.deepEqual((await ask('prove', { challenges })).holdings, [undefined])
})

test('what rots on the disk is neither given nor proven, and then no longer told of, and can be put again', async () => {
  const rotten = new Set<number>()
  const { storage, holder, ask } = await rig(4, {
    alter: ({ fragments }) => ({
      fragments: alteredPort(fragments, {
        get: async (stripe, index) => {
          const fragment = await fragments.get(stripe, index)
          return fragment && rotten.has(index) ? { ...fragment, data: flipped(fragment.data) } : fragment
        },
        delete: async (stripe, index) => {
          assert.ok(rotten.delete(index), 'what is sound stays')
          await fragments.delete(stripe, index)
        },
      }),
    }),
  })
  const stripe = await stripeOf(1_000)
  const toldOf = async (): Promise<readonly number[]> => {
    const { holdings } = await ask('have', { stripes: [stripe.id], purpose: 'read' })
    return [...(holdings[0]?.indices ?? [])]
  }
  const rot = (index: number): void => {
    storage.acknowledged.rot(holder.id, stripe.id, index)
    rotten.add(index)
  }
  await ask('store', offer(stripe, [0, 1, 4]))
  rot(1)
  assert.deepEqual((await ask('fetch', { stripe: stripe.id, indices: Uint8Array.of(1) })).fragments, [])
  assert.deepEqual(await toldOf(), [0, 4])
  rot(4)
  const proven = await ask('prove', { challenges: [{ stripe: stripe.id, nonce: 5 }] })
  assert.deepEqual([...(proven.holdings[0]?.indices ?? [])], [0])
  assert.deepEqual(await toldOf(), [0])
  assert.equal(storage.node(1).status().storage.damaged, 2)
  await ask('store', offer(stripe, [1, 4]))
  assert.deepEqual(await toldOf(), [0, 1, 4])
  assert.equal((await ask('fetch', { stripe: stripe.id, indices: Uint8Array.of(1, 4) })).fragments.length, 2)
})

test('a store that refuses much and takes little says so until it takes as much again', async () => {
  const full = new Failure('no-space', 'this disk is full')
  let roomBytes = 100
  const { storage, ask } = await rig(4, {
    alter: ({ fragments }) => ({
      fragments: alteredPort(fragments, {
        put: (put, lease) =>
          put.some(({ data }) => data.length > roomBytes) ? Promise.reject(full) : fragments.put(put, lease),
      }),
    }),
  })
  const state = (): string => storage.node(1).status().storage.state
  const [large, small] = [await stripeOf(1_000), await stripeOf(100)]
  await assert.rejects(ask('store', offer(large, [0])))
  assert.equal(state(), 'no-space: this disk is full')
  await ask('store', offer(small, [0]))
  assert.equal(state(), 'no-space: this disk is full')
  roomBytes = 1_000
  await ask('store', offer(large, [0]))
  assert.equal(state(), 'ok')
})

test('a fragment that is read wrongly once stays', async () => {
  let isDisturbed = true
  const { storage, ask } = await rig(4, {
    alter: ({ fragments }) => ({
      fragments: alteredPort(fragments, {
        get: async (stripe, index) => {
          const fragment = await fragments.get(stripe, index)
          if (!isDisturbed || fragment === undefined) return fragment
          isDisturbed = false
          return { ...fragment, data: flipped(fragment.data) }
        },
      }),
    }),
  })
  const stripe = await stripeOf(1_000)
  await ask('store', offer(stripe, [1]))
  const fetch = () => ask('fetch', { stripe: stripe.id, indices: Uint8Array.of(1) })
  assert.deepEqual((await fetch()).fragments, [])
  assert.deepEqual((await fetch()).body, [stripe.fragments[1]])
  assert.equal(storage.node(1).status().storage.damaged, 0)
})

test('more proofs than a disk should read at once are refused before anything is read', async () => {
  let reads = 0
  const { ask } = await rig(4, {
    alter: ({ fragments }) => ({
      fragments: alteredPort(fragments, {
        get: (stripe, index) => {
          reads++
          return fragments.get(stripe, index)
        },
        held: async (stripe) => {
          const held = await fragments.held(stripe)
          return held && { ...held, fragments: held.fragments.map((each) => ({ ...each, bytes: 2 ** 26 })) }
        },
      }),
    }),
  })
  const stripes = [await stripeOf(100), await stripeOf(101)]
  for (const stripe of stripes) await ask('store', offer(stripe, [0, 1]))
  const challenges = stripes.map(({ id }) => ({ stripe: id, nonce: 1 }))
  await failsWith(ask('prove', { challenges }), 'busy', /ask for fewer at once/)
  assert.equal(reads, 0)
  const [proven] = (await ask('prove', { challenges: challenges.slice(1) })).holdings
  assert.deepEqual([...(proven?.indices ?? [])], [0, 1])
})

test('the owner’s word ends exactly the owner’s leases, and nobody else’s word does', async () => {
  const { ask, leases } = await rig()
  const [mine, others] = [await stripeOf(100), await stripeOf(101)]
  await ask('store', { ...offer(mine, [0, 1]), owner })
  await ask('store', offer(mine, [2]))
  await ask('store', { ...offer(others, [0]), owner: otherOwner })
  const stripes = [mine.id, others.id]
  const stolen = { ...signRelease(primitives, otherSeed, stripes), publicKey: primitives.publicKey(seed) }
  await failsWith(ask('release', stolen), 'refused', /not signed by its key/)
  const moved = { ...signRelease(primitives, seed, [others.id]), stripes }
  await failsWith(ask('release', moved), 'refused', /not signed by its key/)
  assert.deepEqual(await ask('release', signRelease(primitives, seed, [others.id])), { fragments: 0 })
  assert.equal(leases(mine.id).length, 3)
  assert.deepEqual(await ask('release', signRelease(primitives, seed, [...stripes, mine.id])), { fragments: 2 })
  assert.deepEqual([...((await ask('have', { stripes, purpose: 'read' })).holdings[0]?.indices ?? [])], [2])
  assert.equal(leases(others.id).length, 1)
})

test('who puts a fragment again can neither shorten its lease nor make it his own to release', async () => {
  const { ask, askAs, leases } = await rig()
  const stripe = await stripeOf(100)
  await ask('store', { ...offer(stripe, [0, 1]), owner, leaseMs: 9 * DAY })
  const before = leases(stripe.id)
  await askAs(2, 'store', { ...offer(stripe, [0]), owner: otherOwner, leaseMs: DAY })
  assert.deepEqual(leases(stripe.id), [{ ...before[0], owner: undefined }, before[1]])
  assert.deepEqual(await ask('release', signRelease(primitives, otherSeed, [stripe.id])), { fragments: 0 })
  await ask('store', { ...offer(stripe, [1]), owner, leaseMs: 10 * DAY })
  assert.deepEqual(leases(stripe.id)[1]?.owner, owner)
  assert.ok((leases(stripe.id)[1]?.expiresMs ?? 0) >= (before[1]?.expiresMs ?? 0) + DAY)
})

test('a release waits for the put under way, so that what it ends is what was acknowledged before it', async () => {
  const { storage, holder, leases } = await rig(4, { disk: { syncMs: 500 } })
  const stripe = await stripeOf(100)
  const network = storage.network(0)
  const put = network.request(holder, 'store', { ...offer(stripe, [0]), owner }, { timeoutMs: 9_000 })
  await storage.run(SECOND / 4)
  const release = network.request(holder, 'release', signRelease(primitives, seed, [stripe.id]), { timeoutMs: 9_000 })
  await storage.until(Promise.all([put, release]))
  assert.deepEqual(await release, { fragments: 1 })
  assert.equal(leases(stripe.id).length, 0)
})
