/** Nobody takes all of a node that has a quota once half of it is used, nobody sends without end, and small networks are let be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure, type FailureCode } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { DAY, GIB, HOUR, MIB } from '../base/units.ts'
import type { HeldStripe } from '../ports/fragmentStore.ts'
import { sampleFragment, stripeId } from '../testing/suites/fragmentStore.ts'
import { tinyId } from '../testing/tinyId.ts'
import { Admission, type Applicant } from './admission.ts'
import {
  FREE_SHARE,
  SENDER_HOURLY_SHARE,
  SENDER_SHARE,
  SENDERS_RATED_MAX,
  STORE_BYTES,
  SUBNET_SHARE,
} from './limits.ts'

const QUOTA = 8 * GIB
const STRIPE = stripeId(7)

function sender(number: number, subnet = `10.0.${String(number)}`): Applicant {
  return { id: tinyId(number, 16), subnet }
}

/** An admission that has counted all, what the store behind it holds, and putting as a holder does. */
function rig(quotaBytes: number | undefined = QUOTA) {
  const admission = new Admission(quotaBytes)
  admission.onAllCounted()
  let usedBytes = 0
  const put = (from: Applicant, bytes: number, ms = 0, stripe: StripeId = STRIPE) => {
    const refusal = admission.ask(from, bytes, { ms, usedBytes })
    if (refusal !== undefined) return refusal
    usedBytes += bytes
    admission.onSettled(from.id, stripe, { askedBytes: bytes, grownBytes: bytes })
    return undefined
  }
  const drop = (from: Applicant, bytes: number, stripe: StripeId = STRIPE): void => {
    usedBytes -= bytes
    admission.onDropped(from.id, stripe, bytes)
  }
  return { admission, put, drop }
}

function refused(failure: unknown, code: FailureCode, message: RegExp): void {
  assert.ok(isFailure(failure, code) && message.test(failure.message), String(failure))
}

test('one sender may fill half of a node, and then no more than its share', () => {
  const { put } = rig()
  assert.equal(put(sender(1), QUOTA * FREE_SHARE), undefined)
  refused(put(sender(1), 1, DAY), 'no-space', /keeps at most 1.00 GiB for you; ask other nodes/)
  assert.equal(put(sender(2), QUOTA * SENDER_SHARE), undefined)
  refused(put(sender(2), 1), 'no-space', /for you/)
  assert.equal(put(sender(3), 1), undefined)
})

test('a node says that it gives out its room by shares from when a large request may meet them', () => {
  const { admission } = rig()
  assert.equal(admission.rationing(QUOTA * FREE_SHARE - STORE_BYTES), undefined)
  assert.match(admission.rationing(QUOTA * FREE_SHARE - STORE_BYTES + 1) ?? '', /one sender may have 1.00 GiB of it/)
})

test('the senders of one subnet share what a subnet may have, and others have theirs', () => {
  const { put } = rig()
  for (const number of [1, 2, 3, 4]) assert.equal(put(sender(number), (QUOTA * FREE_SHARE) / 4), undefined)
  for (const number of [5, 6]) assert.equal(put(sender(number, '10.9.9'), (QUOTA * SUBNET_SHARE) / 2), undefined)
  refused(put(sender(7, '10.9.9'), 1), 'no-space', /for the nodes of your subnet/)
  assert.equal(put(sender(8), 1), undefined)
})

test('what a sender has moves with it to another subnet', () => {
  const { put } = rig()
  for (const number of [1, 2, 3, 4]) assert.equal(put(sender(number), (QUOTA * FREE_SHARE) / 4), undefined)
  for (const number of [1, 2]) refused(put(sender(number, '10.9.9'), 1), 'no-space', /for you/)
  refused(put(sender(5, '10.9.9'), 1), 'no-space', /subnet/)
  assert.equal(put(sender(6, '10.0.1'), 1), undefined)
})

test('what is dropped, or was not kept after all, counts no more', () => {
  const { admission, put, drop } = rig()
  assert.equal(put(sender(1), QUOTA * FREE_SHARE), undefined)
  assert.equal(put(sender(2), QUOTA * SENDER_SHARE), undefined)
  const used = { ms: 0, usedBytes: QUOTA * 0.7 }
  assert.equal(admission.ask(sender(3), QUOTA * SENDER_SHARE, used), undefined)
  refused(admission.ask(sender(3), 1, used), 'no-space', /for you/)
  admission.onSettled(sender(3).id, STRIPE, { askedBytes: QUOTA * SENDER_SHARE, grownBytes: 0 })
  assert.equal(admission.ask(sender(3), 1, used), undefined)
  drop(sender(2), 5)
  assert.equal(put(sender(2), 5), undefined)
  refused(put(sender(2), 1), 'no-space', /for you/)
})

test('a sender sends at most its rate, is told when to come again, and others are not held up', () => {
  const { put, drop } = rig()
  const [burst, hourly] = [QUOTA * FREE_SHARE, QUOTA * SENDER_HOURLY_SHARE]
  assert.equal(put(sender(1), burst), undefined)
  drop(sender(1), burst)
  refused(put(sender(1), hourly / 2), 'refused', /takes 1.00 GiB an hour .* try again in 1800 s/)
  refused(put(sender(1), hourly / 2, HOUR / 2 - 1000), 'busy', /try again in 1 s/)
  assert.equal(put(sender(1), hourly / 2, HOUR / 2), undefined)
  refused(put(sender(1), 1, HOUR / 2), 'busy', /try again in 1 s/)
  assert.equal(put(sender(2), MIB), undefined)
  drop(sender(1), hourly / 2)
  assert.equal(put(sender(1), burst - MIB, 9 * DAY), undefined)
  drop(sender(1), burst - MIB)
  refused(put(sender(1), 2 * MIB, 9 * DAY), 'busy', /an hour/)
})

test('a clock that goes back refills nothing and breaks nothing', () => {
  const { put, drop } = rig()
  assert.equal(put(sender(1), QUOTA * FREE_SHARE, DAY), undefined)
  drop(sender(1), QUOTA * FREE_SHARE)
  refused(put(sender(1), 1, 0), 'busy', /an hour/)
})

test('without a quota there are no shares, and the rate is generous', () => {
  const admission = new Admission(undefined)
  const now = { ms: 0, usedBytes: 1000 * GIB }
  assert.equal(admission.ask(sender(1), 100 * GIB, now), undefined)
  assert.equal(admission.ask(sender(1), 156 * GIB, now), undefined)
  refused(admission.ask(sender(1), 1, now), 'busy', /256 GiB an hour/)
})

test('after a start what is kept is counted page by page, and each put or drop meanwhile once', () => {
  const admission = new Admission(QUOTA)
  const held = (number: number, bytes: number): HeldStripe => {
    const { stripe, header } = sampleFragment({ stripe: number })
    const lease = { expiresMs: 1, sender: sender(1).id, owner: undefined }
    return { stripe, header, fragments: [{ index: 0, lease, bytes }] }
  }
  const bytesNow = (): number => admission.occupancy(1)[0]?.bytes ?? 0
  admission.onCounted([held(1, 100), held(3, 10)])
  assert.equal(bytesNow(), 110)
  const now = { ms: 0, usedBytes: 0 }
  for (const number of [2, 4]) {
    assert.equal(admission.ask(sender(1), 1, now), undefined)
    admission.onSettled(sender(1).id, stripeId(number), { askedBytes: 1, grownBytes: 1 })
  }
  assert.equal(bytesNow(), 111)
  admission.onDropped(sender(1).id, stripeId(1), 100)
  admission.onDropped(sender(1).id, stripeId(5), 1000)
  assert.equal(bytesNow(), 11)
  assert.equal(admission.hasCountedAll, false)
  admission.onCounted([held(4, 1)])
  admission.onAllCounted()
  assert.equal(admission.hasCountedAll, true)
  assert.deepEqual(admission.occupancy(9), [{ id: sender(1).id, bytes: 12 }])
})

test('strangers without number fill neither the rates nor the accounts', () => {
  const { admission, put } = rig()
  assert.equal(put(sender(1), QUOTA * FREE_SHARE), undefined)
  for (let number = 2; number < SENDERS_RATED_MAX + 100; number++) {
    const failure = admission.ask(sender(number), QUOTA, { ms: 0, usedBytes: QUOTA })
    refused(failure, 'no-space', /for you/)
  }
  assert.deepEqual(
    admission.occupancy(9).map(({ id }) => id),
    [sender(1).id],
  )
})
