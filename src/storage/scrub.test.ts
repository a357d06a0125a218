/** Everything kept is verified once in a period, slowly; what is damaged is deleted and counted, and what is sound is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import { alteredPort } from '../testing/alteredPort.ts'
import { fragmentOf, ShelfRig } from '../testing/shelfRig.ts'
import { tinyId } from '../testing/tinyId.ts'
import { SCRUB_PAUSE_MS_MAX } from './limits.ts'
import { Scrub, type Scrubbed } from './scrub.ts'

const PERIOD = 14 * DAY

function scrubOf({ clock, random, primitives, shelf, ending }: ShelfRig, periodMs = PERIOD): Scrub {
  return new Scrub({ clock, random, primitives, shelf, ending, periodMs })
}

/** Twenty stripes of two fragments each. */
async function filled(rig: ShelfRig): Promise<readonly ReturnType<ShelfRig['stripe']>[]> {
  const stripes = Array.from({ length: 20 }, (_, number) => rig.stripe(number))
  for (const stripe of stripes) for (const index of [0, 3]) await rig.keep(stripe, index, 90 * DAY)
  return stripes
}

test('a fragment that has rotted is found within a period, deleted and counted', async () => {
  const rig = new ShelfRig()
  const stripes = await filled(rig)
  const scrub = scrubOf(rig)
  for (const number of [4, 11]) rig.rot(stripes[number]!, 3)
  scrub.start()
  await rig.run(PERIOD)
  assert.equal(scrub.damagedCount, 2)
  assert.equal(rig.store.usage().fragmentCount, 38)
  for (const number of [4, 11]) assert.deepEqual([...rig.disk.get(stripes[number]!.id)!.keys()], [0])
  assert.ok(scrub.verifiedCount >= 40)
  rig.rot(stripes[0]!, 0)
  await rig.run(PERIOD)
  assert.equal(scrub.damagedCount, 3)
  rig.end()
  await rig.run(SECOND)
  assert.equal(rig.clock.nextMs(), Number.POSITIVE_INFINITY, 'nothing is left to happen')
})

test('a period’s verifying is spread over it, and each fragment is verified once', async () => {
  const reads: { readonly name: string; readonly atMs: number }[] = []
  const rig: ShelfRig = new ShelfRig({
    alter: (store): FragmentStore =>
      alteredPort(store, {
        get: (stripe, index) => {
          reads.push({ name: `${stripe}/${String(index)}`, atMs: rig.clock.elapsedMs })
          return store.get(stripe, index)
        },
      }),
  })
  await filled(rig)
  const periodMs = 40 * 20 * MINUTE
  const scrub = scrubOf(rig, periodMs)
  scrub.start()
  await rig.run(periodMs - 1)
  assert.equal(reads.length, 40)
  assert.equal(new Set(reads.map(({ name }) => name)).size, 40)
  for (const [at, { atMs }] of reads.entries()) {
    const pauseMs = atMs - (reads[at - 1]?.atMs ?? 0)
    assert.ok(pauseMs <= SCRUB_PAUSE_MS_MAX && (at === 0 || pauseMs > 10 * MINUTE))
  }
  rig.end()
})

test('a scrub on demand verifies everything at once, telling how far it is', async () => {
  const rig = new ShelfRig()
  const stripes = await filled(rig)
  rig.rot(stripes[7]!, 0)
  const scrub = scrubOf(rig)
  const told: Scrubbed[] = []
  const { bytes } = rig.store.usage()
  const scrubbed = await rig.until(scrub.all({ onProgress: (soFar) => told.push(soFar) }))
  assert.deepEqual(scrubbed, { fragments: 40, bytes, damaged: 1 })
  assert.deepEqual(
    told.map(({ fragments }) => fragments),
    Array.from({ length: 40 }, (_, at) => at + 1),
  )
  assert.deepEqual(told.at(-1), scrubbed)
  const again = await rig.until(scrub.all())
  assert.deepEqual([again.fragments, again.damaged], [39, 0])
  const stopped = new AbortController()
  const aborted = scrub.all({ signal: stopped.signal, onProgress: () => stopped.abort() })
  await assert.rejects(rig.until(aborted), (error) => isFailure(error, 'aborted'))
})

test('an entry without its fragment is deleted, and so is one under the wrong stripe', async () => {
  const lost = new Set<StripeId>()
  const rig = new ShelfRig({
    alter: (store) =>
      alteredPort(store, { get: async (stripe, index) => (lost.has(stripe) ? undefined : store.get(stripe, index)) }),
  })
  const [gone, moved, sound] = [rig.stripe(1), rig.stripe(2), rig.stripe(3)]
  for (const stripe of [gone, sound]) await rig.keep(stripe, 1, DAY)
  lost.add(gone.id)
  const lease = { expiresMs: rig.clock.now() + DAY, sender: tinyId(1), owner: undefined }
  await rig.store.put([{ ...fragmentOf(rig.stripe(4), 1), stripe: moved.id }], lease)
  const scrub = scrubOf(rig)
  assert.equal((await rig.until(scrub.all())).damaged, 2)
  assert.deepEqual([...rig.disk.keys()], [sound.id])
})

test('what cannot be read now is not deleted', async () => {
  const rig = new ShelfRig({
    alter: (store) => alteredPort(store, { get: () => Promise.reject(new Failure('storage', 'the cable is loose')) }),
  })
  await filled(rig)
  const scrub = scrubOf(rig)
  assert.equal((await rig.until(scrub.all())).damaged, 0)
  assert.equal(rig.store.usage().fragmentCount, 40)
})

test('a sound fragment that is put while a damaged one is being judged stays', async () => {
  const rig: ShelfRig = new ShelfRig({
    alter: (store): FragmentStore =>
      alteredPort(store, {
        get: async (stripe, index) => {
          const fragment = await store.get(stripe, index)
          // It arrives between the first look and the second.
          if (!isMended) void rig.keep(mended, 2, DAY)
          isMended = true
          return fragment
        },
      }),
  })
  let isMended = true
  const mended = rig.stripe(1)
  await rig.keep(mended, 2, DAY)
  rig.rot(mended, 2)
  isMended = false
  const scrub = scrubOf(rig)
  assert.equal((await rig.until(scrub.all())).damaged, 0)
  assert.deepEqual(await rig.store.get(mended.id, 2), fragmentOf(mended, 2))
})
