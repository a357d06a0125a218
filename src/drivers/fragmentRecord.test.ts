/** A fragment's index entry has one encoding, and garbage on the disk is told from it without exceptions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../base/id.ts'
import { sampleFragment, stripeId } from '../testing/suites/fragmentStore.ts'
import { decodeRecord, encodeRecord, fragmentKey, keyAfterStripe } from './fragmentRecord.ts'

const RECORD = {
  header: sampleFragment({ stripe: 3, dataBytes: 1000 }).header,
  lease: { expiresMs: 1_800_000_000_000, sender: stripeId(4) as unknown as NodeId, owner: new Uint8Array(32).fill(5) },
  proofBytes: 256,
  dataBytes: 1000,
}

void test('a record comes back as it was written', () => {
  const unowned = { ...RECORD, lease: { ...RECORD.lease, owner: undefined } }
  for (const record of [RECORD, unowned])
    assert.deepEqual(decodeRecord(encodeRecord(record)), { ok: true, value: record })
})

void test('any bytes that decode are the encoding of what they decode to', () => {
  const whole = encodeRecord(RECORD)
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bent = new Uint8Array(whole)
      bent[at] = (bent[at] ?? 0) ^ flip
      const decoded = decodeRecord(bent)
      if (decoded.ok) assert.deepEqual(encodeRecord(decoded.value), bent)
    }),
  )
})

void test('random bytes and cut records never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeRecord(bytes)))
  const whole = encodeRecord(RECORD)
  for (let length = 0; length < whole.length; length++) assert.equal(decodeRecord(whole.subarray(0, length)).ok, false)
})

void test('the keys of a stripe’s fragments lie in order between its bounds and no other stripe’s do', () => {
  const keys = [0, 1, 255].map((index) => fragmentKey(stripeId(7), index))
  const bounds = [fragmentKey(stripeId(7), 0), keyAfterStripe(stripeId(7))].map((key) => Buffer.from(key))
  for (const key of keys) assert.ok(bounds[0]!.compare(key) <= 0 && bounds[1]!.compare(key) > 0)
  assert.ok(bounds[0]!.compare(fragmentKey(stripeId(6), 255)) > 0)
  assert.ok(bounds[1]!.compare(fragmentKey(stripeId(8), 0)) < 0)
})
