/** Somebody who uploads ten times what he may: he gets his budget and no more, is read no faster than refused bytes may come, and others put as ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { DAY, MIB, MINUTE, SECOND } from '../base/units.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import { encodeHeader } from '../coding/stripe.ts'
import { alteredPort } from '../testing/alteredPort.ts'
import { StorageWorld } from '../testing/storageWorld.ts'
import { REFUSED_BYTES_PER_S } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import { SENDER_HOURLY_BYTES_MIN } from './limits.ts'

/** The last gives no address, so that it is nobody's holder: what hostile holders do is another matter. */
const NODES = 7
const UPLOADER = NODES - 1
const HOLDERS = [0, 1, 2, 3, 4, 5]
/** Under way at each holder at once: whoever is hostile does not slow down. */
const LANES = 8
const PUTS = 5
const PUT_BYTES = 4 * MIB
/** What one sender may have sent to a holder of this quota when it has just started. */
const QUOTA_BYTES = 128 * MIB
const BUDGET_BYTES = SENDER_HOURLY_BYTES_MIN

test('beside an uploader that tries ten times its budget everywhere, the puts of others keep 95 % of their rate', async () => {
  const storage = await StorageWorld.start({
    seed: 1,
    nodes: NODES,
    disk: { quotaBytes: QUOTA_BYTES },
    alter: ({ transport }, node) => (node === UPLOADER ? { transport: alteredPort(transport, { addresses: [] }) } : {}),
    link: { delayMs: [5, 40], uplinkBytesPerSecond: (node) => (node === UPLOADER ? 50 : 4) * MIB },
  })
  const quietMs = await putsMs(storage, 1)
  const attack = await begin(storage)
  await storage.run(10 * SECOND)
  const underMs = await putsMs(storage, 2)
  assert.ok(quietMs / underMs >= 0.95, `${quietMs} ms in quiet, ${underMs} ms beside it`)
  await storage.run(MINUTE)
  attack.end()
  const { takenBytes, refusedBytes, lastedMs } = attack.counts()
  const earnedBytes = (HOLDERS.length * BUDGET_BYTES * lastedMs) / (60 * MINUTE)
  assert.ok(takenBytes <= HOLDERS.length * BUDGET_BYTES + earnedBytes, `${takenBytes} taken`)
  assert.ok(takenBytes > 0.9 * HOLDERS.length * BUDGET_BYTES, `${takenBytes} taken`)
  const readMax = HOLDERS.length * (REFUSED_BYTES_PER_S * (lastedMs / SECOND) + LANES * attack.storeBytes)
  assert.ok(refusedBytes > 0 && refusedBytes <= readMax, `${refusedBytes} refused of ${readMax}`)
})

/** How long node 0 takes for its puts, one after the other; what it has put can be read. */
async function putsMs(storage: StorageWorld, label: number): Promise<number> {
  const startedMs = storage.world.clock.now()
  for (let nth = 0; nth < PUTS; nth++) {
    const { capability } = await storage.put(0, storage.content(PUT_BYTES, 10 * label + nth))
    assert.equal((await storage.read(1, capability, { start: 0, end: 99 })).length, 100)
  }
  return storage.world.clock.now() - startedMs
}

async function begin(storage: StorageWorld) {
  const offers = await preparedOffers(storage)
  const storeBytes = MIB / 2
  const startedMs = storage.world.clock.now()
  const ending = new AbortController()
  const counts = { takenBytes: 0, refusedBytes: 0 }
  const lane = async (holder: number): Promise<void> => {
    for (let nth = 0; !ending.signal.aborted; nth++) {
      const offer = offers[nth % offers.length]!
      const options = { timeoutMs: MINUTE, signal: ending.signal }
      try {
        await storage.network(UPLOADER).request(storage.world.contact(holder), 'store', offer, options)
        counts.takenBytes += storeBytes
      } catch (error) {
        if (!isFailure(error)) throw error
        if (isFailure(error, 'busy') || isFailure(error, 'refused')) counts.refusedBytes += storeBytes
      }
    }
  }
  for (const holder of HOLDERS) for (let nth = 0; nth < LANES; nth++) void lane(holder)
  return {
    storeBytes,
    end: () => ending.abort(),
    counts: () => ({ ...counts, lastedMs: storage.world.clock.now() - startedMs }),
  }
}

/** Valid stores of half a megabyte each. */
async function preparedOffers(storage: StorageWorld): Promise<readonly Messages['store']['request'][]> {
  const code = { needed: 4, total: 8 }
  const coder = new InlineCoder(storage.primitives)
  const plain = new Uint8Array(2 * MIB)
  const { header, fragments, proofs } = await coder.encode({ plain, key: new Uint8Array(32), code })
  return fragments.map((fragment, index) => ({
    header: encodeHeader(header),
    region: 0,
    fragments: [{ index, proof: proofs[index]! }],
    leaseMs: DAY,
    owner: undefined,
    body: [fragment],
  }))
}
