/** What is over goes, a day later or when its room is needed; what is not over stays, whatever happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../base/failure.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import { alteredPort } from '../testing/alteredPort.ts'
import { ShelfRig } from '../testing/shelfRig.ts'
import { Expiry } from './expiry.ts'
import { SWEEP_EVERY_MS, SWEEP_PAUSE_MS, WALK_PAGE_STRIPES } from './limits.ts'

test('a lease that is over is kept for another day, then the sweep deletes it and nothing else', async () => {
  const rig = new ShelfRig()
  const expiry = new Expiry(rig)
  const [short, long] = [rig.stripe(1), rig.stripe(2)]
  for (const index of [0, 1]) await rig.keep(short, index, 2 * DAY)
  await rig.keep(short, 2, 5 * DAY)
  await rig.keep(long, 0, 9 * DAY)
  expiry.start()
  await rig.run(3 * DAY - MINUTE)
  assert.equal(rig.store.usage().fragmentCount, 4)
  await rig.run(SWEEP_EVERY_MS + 2 * MINUTE)
  assert.deepEqual([...(rig.disk.get(short.id)?.keys() ?? [])], [2])
  assert.equal(expiry.expiredCount, 2)
  await rig.run(20 * DAY)
  assert.equal(rig.disk.size, 0)
  rig.end()
})

test('a clock that jumps ahead by less than a day loses nothing that is renewed afterwards', async () => {
  const rig = new ShelfRig()
  const stripe = rig.stripe(1)
  await rig.keep(stripe, 0, HOUR)
  // The jump: nothing ran, and it is much later.
  rig.clock.passTo(rig.clock.elapsedMs + DAY)
  const expiry = new Expiry(rig)
  expiry.start()
  assert.deepEqual(await expiry.sweepNow(undefined), { fragments: 0, bytes: 0 })
  await rig.shelf.renew(stripe.id, rig.clock.now() + 9 * DAY)
  await rig.run(8 * DAY)
  assert.equal(rig.store.usage().fragmentCount, 1)
  rig.end()
})

test('a renewal that comes while the sweep is at the stripe keeps it', async () => {
  const rig: ShelfRig = new ShelfRig({
    alter: (store): FragmentStore =>
      alteredPort(store, {
        list: async (options) => {
          const page = await store.list(options)
          for (const { stripe } of page) await rig.shelf.renew(stripe, rig.clock.now() + DAY)
          return page
        },
      }),
  })
  await rig.keep(rig.stripe(1), 0, HOUR)
  await rig.run(3 * DAY)
  assert.deepEqual(await new Expiry(rig).sweepNow(undefined), { fragments: 0, bytes: 0 })
  assert.equal(rig.store.usage().fragmentCount, 1)
})

test('a sweep goes page by page with pauses, and ends with the node', async () => {
  const listsMs: number[] = []
  const rig: ShelfRig = new ShelfRig({
    alter: (store): FragmentStore =>
      alteredPort(store, {
        list: (options) => {
          listsMs.push(rig.clock.elapsedMs)
          return store.list(options)
        },
      }),
  })
  for (let number = 0; number < WALK_PAGE_STRIPES + 10; number++) await rig.keep(rig.stripe(number), 0, HOUR)
  const expiry = new Expiry(rig)
  expiry.start()
  await rig.run(SWEEP_EVERY_MS + MINUTE)
  assert.deepEqual(listsMs.slice(1), [listsMs[0]! + SWEEP_PAUSE_MS])
  await rig.run(2 * DAY)
  assert.equal(rig.disk.size, 0)
  rig.end()
  await rig.run(SECOND)
  assert.equal(rig.clock.nextMs(), Number.POSITIVE_INFINITY, 'nothing is left to happen')
})

test('a disk that fails is swept again an hour later', async () => {
  let isBroken = true
  const rig = new ShelfRig({
    alter: (store) =>
      alteredPort(store, {
        list: async (options) => {
          if (isBroken) throw new Failure('storage', 'the cable is loose')
          return store.list(options)
        },
      }),
  })
  await rig.keep(rig.stripe(1), 0, HOUR)
  const expiry = new Expiry(rig)
  expiry.start()
  await assert.rejects(expiry.sweepNow(undefined), (error) => isFailure(error, 'storage'))
  await rig.run(3 * DAY)
  assert.equal(rig.disk.size, 1)
  isBroken = false
  await rig.run(2 * SWEEP_EVERY_MS)
  assert.equal(rig.disk.size, 0)
  rig.end()
})

test('room is made of what is over, at once, and of nothing else', async () => {
  const rig = new ShelfRig()
  const expiry = new Expiry(rig)
  const [over, lasting] = [rig.stripe(1), rig.stripe(2)]
  await rig.keep(over, 0, HOUR)
  await rig.keep(lasting, 0, 9 * DAY)
  assert.equal(await rig.until(expiry.evict(1)), false)
  await rig.run(2 * HOUR)
  assert.equal(await rig.until(expiry.evict(10_000)), true)
  assert.deepEqual([...rig.disk.keys()], [lasting.id])
  assert.equal(expiry.evictedCount, 1)
  assert.equal(await rig.until(expiry.evict(1)), false)
  assert.equal(rig.store.usage().fragmentCount, 1)
})

test('a full node is searched for room once, not for every put that it refuses, until a lease can be over', async () => {
  let lists = 0
  const rig = new ShelfRig({
    alter: (store) =>
      alteredPort(store, {
        list: (options) => {
          lists++
          return store.list(options)
        },
      }),
  })
  const expiry = new Expiry(rig)
  await rig.keep(rig.stripe(1), 0, 2 * HOUR)
  await rig.keep(rig.stripe(2), 0, 3 * HOUR)
  for (let n = 0; n < 5; n++) assert.equal(await rig.until(expiry.evict(1)), false)
  assert.equal(lists, 1)
  await rig.run(2 * HOUR)
  assert.equal(await rig.until(expiry.evict(1)), true)
  assert.equal(lists, 2)
  for (let n = 0; n < 5; n++) assert.equal(await rig.until(expiry.evict(1)), false)
  assert.equal(lists, 2)
  expiry.onKept(rig.clock.now() + 1)
  await rig.keep(rig.stripe(3), 0, 1)
  await rig.run(SECOND)
  assert.equal(await rig.until(expiry.evict(1)), true)
  assert.equal(rig.disk.has(rig.stripe(3).id), false)
})
