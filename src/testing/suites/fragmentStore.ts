/** What every FragmentStore must do, whatever it keeps its fragments on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/failure.ts'
import { parseId, type NodeId, type StripeId } from '../../base/id.ts'
import { KIB } from '../../base/units.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment } from '../../ports/fragmentStore.ts'

/** One disk, on which stores are opened one after another. */
export interface FragmentStoreRig {
  open(options?: { readonly quotaBytes?: number }): Promise<FragmentStore>
  dispose(): Promise<void>
}

export function fragmentStoreSuite(name: string, setup: () => Promise<FragmentStoreRig>): void {
  const check = (behaviour: string, body: (rig: FragmentStoreRig) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const rig = await setup()
      try {
        await body(rig)
      } finally {
        await rig.dispose()
      }
    })
  }

  check('a fragment comes back as it was put, also after reopening', async (rig) => {
    const first = await rig.open()
    const fragment = sampleFragment({ stripe: 1, index: 7, dataBytes: 1000 })
    await first.put([fragment], LEASE)
    assert.deepEqual(await first.get(fragment.stripe, 7), fragment)
    await first.close()
    const second = await rig.open()
    assert.deepEqual(await second.get(fragment.stripe, 7), fragment)
    await second.close()
  })

  check('fragments of no byte and of the largest size come back', async (rig) => {
    const store = await rig.open()
    const empty = sampleFragment({ stripe: 1, index: 0, dataBytes: 0 })
    const largest = sampleFragment({ stripe: 2, index: 255, dataBytes: 256 * KIB })
    await store.put([empty, largest], LEASE)
    assert.deepEqual(await store.get(empty.stripe, 0), empty)
    assert.deepEqual(await store.get(largest.stripe, 255), largest)
    await store.close()
  })

  check('what was never put is not there', async (rig) => {
    const store = await rig.open()
    const fragment = sampleFragment({ stripe: 1, index: 3 })
    await store.put([fragment], LEASE)
    assert.equal(await store.get(fragment.stripe, 4), undefined)
    assert.equal(await store.get(stripeId(2), 3), undefined)
    assert.equal(await store.held(stripeId(2)), undefined)
    await store.close()
  })

  check('held lists the indices of one stripe ascending, and no other stripe’s', async (rig) => {
    const store = await rig.open()
    for (const index of [200, 3, 0, 255, 16]) await store.put([sampleFragment({ stripe: 5, index })], LEASE)
    await store.put([sampleFragment({ stripe: 4, index: 1 }), sampleFragment({ stripe: 6, index: 2 })], LEASE)
    const held = await store.held(stripeId(5))
    assert.deepEqual(indicesOf(held), [0, 3, 16, 200, 255])
    const { header, stripe, proof, data } = sampleFragment({ stripe: 5, index: 0 })
    assert.deepEqual(held?.header, header)
    assert.equal(held.stripe, stripe)
    assert.deepEqual(held.fragments[0], { index: 0, lease: LEASE, bytes: proof.length + data.length })
    await store.close()
  })

  check('putting again replaces, and counts once', async (rig) => {
    const store = await rig.open()
    await store.put([sampleFragment({ stripe: 1, index: 0, dataBytes: 900 })], LEASE)
    const again = sampleFragment({ stripe: 1, index: 0, dataBytes: 300 })
    await store.put([again], { ...LEASE, expiresMs: LEASE.expiresMs + 1 })
    assert.deepEqual(await store.get(again.stripe, 0), again)
    assert.deepEqual(store.usage(), { fragmentCount: 1, bytes: 300 + again.proof.length })
    await store.close()
  })

  check('a deleted fragment is gone, its siblings stay, and deleting again does nothing', async (rig) => {
    const first = await rig.open()
    const [gone, stays] = [sampleFragment({ stripe: 1, index: 0 }), sampleFragment({ stripe: 1, index: 1 })]
    await first.put([gone, stays], LEASE)
    await first.delete(gone.stripe, 0)
    await first.delete(gone.stripe, 0)
    await first.close()
    const second = await rig.open()
    assert.equal(await second.get(gone.stripe, 0), undefined)
    assert.deepEqual(indicesOf(await second.held(stays.stripe)), [1])
    await second.delete(stays.stripe, 1)
    assert.equal(await second.held(stays.stripe), undefined)
    assert.deepEqual(second.usage(), { fragmentCount: 0, bytes: 0 })
    await second.close()
  })

  check('usage is the same after reopening', async (rig) => {
    const first = await rig.open()
    for (let stripe = 0; stripe < 40; stripe++) await first.put([sampleFragment({ stripe, index: stripe })], LEASE)
    const before = first.usage()
    assert.equal(before.fragmentCount, 40)
    await first.close()
    const second = await rig.open()
    assert.deepEqual(second.usage(), before)
    await second.close()
  })

  check('many puts at once are all kept', async (rig) => {
    const store = await rig.open()
    const fragments = Array.from({ length: 100 }, (_, at) => sampleFragment({ stripe: at % 10, index: at }))
    await Promise.all(fragments.map((fragment) => store.put([fragment], LEASE)))
    for (const fragment of fragments) assert.deepEqual(await store.get(fragment.stripe, fragment.index), fragment)
    assert.equal(store.usage().fragmentCount, 100)
    await store.close()
  })

  check('puts of one fragment at once leave one', async (rig) => {
    const store = await rig.open()
    const fragment = sampleFragment({ stripe: 1, index: 1 })
    await Promise.all(Array.from({ length: 8 }, () => store.put([fragment], LEASE)))
    assert.deepEqual(store.usage(), { fragmentCount: 1, bytes: fragment.data.length + fragment.proof.length })
    await store.close()
  })

  check('a put beyond the quota is refused with no-space, and room made again is used again', async (rig) => {
    const store = await rig.open({ quotaBytes: 3000 })
    const fragments = [0, 1, 2].map((index) => sampleFragment({ stripe: 1, index, dataBytes: 1000 }))
    await store.put(fragments.slice(0, 2), LEASE)
    await assert.rejects(store.put(fragments.slice(2), LEASE), (error) => isFailure(error, 'no-space'))
    assert.equal(store.usage().fragmentCount, 2)
    await store.put(fragments.slice(0, 1), LEASE)
    await store.delete(stripeId(1), 0)
    await store.put(fragments.slice(2), LEASE)
    assert.deepEqual(indicesOf(await store.held(stripeId(1))), [1, 2])
    await store.close()
  })

  check('owner, sender and expiry come back with each fragment, also after reopening', async (rig) => {
    const first = await rig.open()
    const owned: Lease = { expiresMs: 5, sender: smallId<NodeId>(8), owner: new Uint8Array(32).fill(7) }
    const anyones: Lease = { ...owned, owner: new Uint8Array(32) }
    for (const [index, lease] of [LEASE, owned, anyones].entries()) await first.put([sampleFragment({ index })], lease)
    await first.close()
    const second = await rig.open()
    const held = await second.held(stripeId(0))
    assert.deepEqual(
      held?.fragments.map(({ lease }) => lease),
      [LEASE, owned, anyones],
    )
    await second.close()
  })

  check('pages list every stripe once, in order, whole, and no page has more than asked for', async (rig) => {
    const store = await rig.open()
    assert.deepEqual(await store.list({ limit: 3 }), [])
    const stripes = [9, 0, 255, 4, 5, 77, 128]
    for (const stripe of stripes) {
      await store.put(
        [2, 0, 255].map((index) => sampleFragment({ stripe, index })),
        LEASE,
      )
    }
    await store.delete(stripeId(9), 2)
    const ascending = stripes.toSorted((a, b) => a - b).map(stripeId)
    for (const limit of [1, 2, 3, 7, 100]) {
      const pages = await pagesOf(store, limit)
      assert.ok(pages.every((page) => page.length <= limit))
      assert.deepEqual(
        pages.flat().map(({ stripe }) => stripe),
        ascending,
      )
      for (const held of pages.flat()) assert.deepEqual(held, await store.held(held.stripe))
    }
    assert.deepEqual(
      (await store.list({ after: stripeId(6), limit: 1 })).map(({ stripe }) => stripe),
      [stripeId(9)],
    )
    assert.deepEqual(await store.list({ after: stripeId(255), limit: 1 }), [])
    await store.close()
  })

  check('what is put or deleted between two pages shows in the next one', async (rig) => {
    const store = await rig.open()
    for (const stripe of [1, 3, 5]) await store.put([sampleFragment({ stripe })], LEASE)
    assert.equal((await store.list({ limit: 1 }))[0]?.stripe, stripeId(1))
    await store.delete(stripeId(3), 0)
    await store.put([sampleFragment({ stripe: 4 })], LEASE)
    const rest = await store.list({ after: stripeId(1), limit: 9 })
    assert.deepEqual(
      rest.map(({ stripe }) => stripe),
      [4, 5].map(stripeId),
    )
    await store.close()
  })

  check('renewing extends every fragment of one stripe, shortens none, and is kept over reopening', async (rig) => {
    const first = await rig.open()
    const owner = new Uint8Array(32).fill(3)
    for (const [index, expiresMs] of [10, 30, 20].entries()) {
      await first.put([sampleFragment({ stripe: 1, index })], { ...LEASE, expiresMs, owner })
    }
    await first.put([sampleFragment({ stripe: 2 })], { ...LEASE, expiresMs: 10 })
    const before = first.usage()
    assert.equal(await first.renew(stripeId(1), 25), true)
    assert.equal(await first.renew(stripeId(3), 25), false)
    assert.deepEqual(first.usage(), before)
    await first.close()
    const second = await rig.open()
    const leases = (await second.held(stripeId(1)))?.fragments.map(({ lease }) => lease)
    assert.deepEqual(
      leases,
      [25, 30, 25].map((expiresMs) => ({ ...LEASE, expiresMs, owner })),
    )
    assert.equal((await second.held(stripeId(2)))?.fragments[0]?.lease.expiresMs, 10)
    assert.deepEqual(await second.get(stripeId(1), 0), sampleFragment({ stripe: 1, index: 0 }))
    await second.close()
  })

  check('a renewal knows of the puts and deletes before it, though none has settled', async (rig) => {
    const store = await rig.open()
    await store.put([sampleFragment({ index: 0 }), sampleFragment({ index: 1 })], { ...LEASE, expiresMs: 10 })
    const deleted = store.delete(stripeId(0), 0)
    const put = store.put([sampleFragment({ index: 2 })], { ...LEASE, expiresMs: 10 })
    const renewed = store.renew(stripeId(0), 20)
    await Promise.all([deleted, put, renewed])
    assert.equal(await renewed, true)
    const held = await store.held(stripeId(0))
    assert.deepEqual(
      held?.fragments.map(({ index, lease }) => [index, lease.expiresMs]),
      [
        [1, 20],
        [2, 20],
      ],
    )
    assert.equal(store.usage().fragmentCount, 2)
    const last = [store.delete(stripeId(0), 1), store.delete(stripeId(0), 2), store.renew(stripeId(0), 30)]
    assert.equal((await Promise.all(last))[2], false)
    assert.equal(await store.held(stripeId(0)), undefined)
    await store.close()
  })

  check('a closed store refuses and may be closed again', async (rig) => {
    const store = await rig.open()
    await store.close()
    await store.close()
    await assert.rejects(store.get(stripeId(1), 0), (error) => isFailure(error, 'closed'))
    await assert.rejects(store.put([sampleFragment({})], LEASE), (error) => isFailure(error, 'closed'))
    await assert.rejects(store.list({ limit: 1 }), (error) => isFailure(error, 'closed'))
    await assert.rejects(store.renew(stripeId(1), 1), (error) => isFailure(error, 'closed'))
  })
}

const LEASE: Lease = { expiresMs: 1_800_000_000_000, sender: smallId<NodeId>(9), owner: undefined }

/** Which fragments of a stripe are held. */
export function indicesOf(held: HeldStripe | undefined): readonly number[] {
  return held?.fragments.map(({ index }) => index) ?? []
}

async function pagesOf(store: FragmentStore, limit: number): Promise<readonly (readonly HeldStripe[])[]> {
  const pages: (readonly HeldStripe[])[] = []
  for (let page = await store.list({ limit }); page.length > 0;) {
    pages.push(page)
    const last = page.at(-1)
    page = last === undefined ? [] : await store.list({ after: last.stripe, limit })
  }
  return pages
}

/** A fragment as stores see it: its proof and root are arbitrary, since stores do not verify. */
export function sampleFragment(options: {
  readonly stripe?: number
  readonly index?: number
  readonly dataBytes?: number
}): StoredFragment {
  const { stripe = 0, index = 0, dataBytes = 64 } = options
  return {
    stripe: stripeId(stripe),
    header: { needed: 64, total: 256, segmentBytes: 64 * dataBytes, merkleRoot: new Uint8Array(32).fill(stripe + 1) },
    index,
    proof: new Uint8Array(8 * 32).fill(index),
    data: Uint8Array.from({ length: dataBytes }, (_, at) => (at * 31 + index + stripe) & 0xff),
  }
}

export function stripeId(number: number): StripeId {
  return smallId<StripeId>(number)
}

function smallId<T extends StripeId | NodeId>(number: number): T {
  const bytes = new Uint8Array(32)
  bytes[31] = number
  const id = parseId<T>(bytes)
  assert.ok(id !== undefined)
  return id
}
