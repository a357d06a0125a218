/** What goes to one holder together, and that each sender hears of its own fragments alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { deferred } from '../base/signals.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { signerOf } from '../crypto/signer.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import { JOINED_BYTES_MAX, STORE_FRAGMENTS_MAX } from './limits.ts'
import { jointReceiptMessage, receiptMessage, type Kept } from './receipt.ts'
import { Stores, type Offer } from './stores.ts'

const primitives = new NodePrimitives()
const ids = new NodeIds(primitives)
const holder = signerOf(primitives, new Uint8Array(32).fill(1))
const contact = { id: holder.id, addresses: [] }
const sender = 'b'.repeat(64) as NodeId
const EXPIRES_MS = 1_900_000_000_000

interface Asked {
  readonly kind: string
  readonly stripes: readonly number[]
  readonly signal: AbortSignal
}

/** A holder that answers when it is let, and may refuse stripes; a stripe is named by the first byte of its header. */
function rig(options: { readonly refused?: number; readonly signs?: (kept: readonly Kept[]) => readonly Kept[] } = {}) {
  const asked: Asked[] = []
  let gate = Promise.resolve()
  const answer = async (kind: string, offers: readonly Messages['store']['request'][], signal: AbortSignal) => {
    const stripes = offers.map(({ header }) => header[0] as number)
    asked.push({ kind, stripes, signal })
    await gate
    if (stripes.includes(options.refused ?? -1)) throw new Failure('no-space', 'refused by the peer: full')
    const kept = offers.map(({ header, fragments }) => {
      return { stripe: stripeNamed(header[0] as number), indices: fragments.map(({ index }) => index) }
    })
    return options.signs?.(kept) ?? kept
  }
  const request = async (
    _peer: unknown,
    kind: string,
    asking: Messages['store']['request'] & Messages['storeAll']['request'],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<unknown> => {
    const kept = await answer(kind, kind === 'store' ? [asking] : asking.offers, signal)
    if (kind === 'store') {
      const message = receiptMessage({ ...present(kept[0], 'a stripe'), sender, expiresMs: EXPIRES_MS })
      return { expiresMs: EXPIRES_MS, publicKey: holder.publicKey, signature: holder.sign(message) }
    }
    const expiresMs = kept.map(() => EXPIRES_MS)
    const message = jointReceiptMessage(sender, kept, expiresMs)
    return { expiresMs, publicKey: holder.publicKey, signature: holder.sign(message) }
  }
  const network = { self: { id: sender, addresses: [] }, request } as unknown as Network<Messages>
  const stores = new Stores({ primitives, ids, network })
  const never = new AbortController().signal
  return {
    asked,
    /** Keeps the holder's answers back; returns what lets them go. */
    holdBack: (): (() => void) => {
      const held = deferred<void>()
      gate = held.promise
      return () => {
        held.resolve()
      }
    },
    store: (nth: number, bytes = 100, signal = never) => stores.store(contact, offerOf(nth, bytes), signal),
  }
}

function stripeNamed(nth: number): StripeId {
  return nth.toString(16).padStart(64, '0') as StripeId
}

function offerOf(nth: number, bytes: number): Offer {
  const indices = [nth % 20]
  const request = {
    header: Uint8Array.of(nth),
    region: 0,
    fragments: indices.map((index) => ({ index, proof: new Uint8Array(0) })),
    leaseMs: 1,
    owner: undefined,
    body: [new Uint8Array(bytes)],
  }
  return { stripe: stripeNamed(nth), indices, request }
}

const settled = (): Promise<void> => new Promise(setImmediate)

test('small offers that arise together, or while one is on its way, travel together', async () => {
  const { asked, holdBack, store } = rig()
  const letGo = holdBack()
  const first = store(0)
  await settled()
  const later = [1, 2, 3, 4].map((nth) => store(nth))
  await settled()
  letGo()
  await Promise.all([first, ...later])
  assert.deepEqual(
    asked.map(({ kind, stripes }) => [kind, stripes]),
    [
      ['store', [0]],
      ['storeAll', [1, 2, 3, 4]],
    ],
  )
})

test('no message has more fragments than a holder takes at once', async () => {
  const { asked, store } = rig()
  const all = Array.from({ length: STORE_FRAGMENTS_MAX + 10 }, (_, nth) => store(nth))
  await Promise.all(all)
  assert.deepEqual(
    asked.map(({ stripes }) => stripes.length),
    [STORE_FRAGMENTS_MAX, 10],
  )
})

test('large offers go alone and wait for nothing', async () => {
  const { asked, holdBack, store } = rig()
  const letGo = holdBack()
  const all = [1, 2, 3].map((nth) => store(nth, JOINED_BYTES_MAX + 1))
  await settled()
  assert.deepEqual(
    asked.map(({ kind }) => kind),
    ['store', 'store', 'store'],
  )
  letGo()
  await Promise.all(all)
})

test('where one of several is refused the others are kept, and only that one hears of it', async () => {
  const { asked, store } = rig({ refused: 2 })
  const outcomes = await Promise.allSettled([1, 2, 3].map((nth) => store(nth)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  const [, refused] = outcomes
  assert.ok(refused?.status === 'rejected' && isFailure(refused.reason, 'no-space'))
  assert.deepEqual(
    asked.map(({ stripes }) => stripes),
    [[1, 2, 3], [1], [2], [3]],
  )
})

test('a holder that signs for less than it was sent has given no word', async () => {
  const lacking = rig({ signs: (kept) => kept.map((each) => ({ ...each, indices: [] })) })
  const others = rig({ signs: (kept) => [...kept].reverse() })
  for (const nth of [1, 2]) await assert.rejects(lacking.store(nth), (error) => isFailure(error, 'damaged'))
  const both = await Promise.allSettled([1, 2].map((nth) => lacking.store(nth)))
  assert.ok(both.every((each) => each.status === 'rejected' && isFailure(each.reason, 'damaged')))
  // A joint receipt over the same in another order is none; each alone is what was asked for.
  await Promise.all([others.store(1), others.store(2)])
  assert.deepEqual(
    others.asked.map(({ kind }) => kind),
    ['storeAll', 'store', 'store'],
  )
})

test('who gives up is left out or leaves, and the request ends when all have', async () => {
  const { asked, holdBack, store } = rig()
  const letGo = holdBack()
  const controllers = [0, 1, 2, 3].map(() => new AbortController())
  const all = controllers.map(({ signal }, nth) => store(nth, 100, signal))
  const gone = Promise.allSettled(all)
  await settled()
  const late = new AbortController()
  const waiting = store(9, 100, late.signal)
  late.abort(new Failure('aborted', 'enough'))
  await assert.rejects(waiting, (error) => isFailure(error, 'aborted'))
  for (const controller of controllers.slice(0, 3)) controller.abort(new Failure('aborted', 'enough'))
  assert.equal(asked[0]?.signal.aborted, false)
  controllers[3]?.abort(new Failure('aborted', 'enough'))
  assert.equal(asked[0]?.signal.aborted, true)
  letGo()
  assert.ok((await gone).every(({ status }) => status === 'rejected'))
  await settled()
  assert.deepEqual(
    asked.map(({ stripes }) => stripes),
    [[0, 1, 2, 3]],
  )
})
