/** Where connections are too many: what is in use stays, contacts stay before strangers, and strangers come in only in their share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeForDial, placeForInbound, type OpenConnection } from './connectionRoom.ts'
import { CROWDED_IDLE_MS } from './limits.ts'

const NOW_MS = 10 * CROWDED_IDLE_MS
const stranger: OpenConnection = { isBusy: false, isContact: false, isOutgoing: false, lastUsedMs: 0 }
const contact: OpenConnection = { ...stranger, isContact: true }

const anyConnection: fc.Arbitrary<OpenConnection> = fc.record({
  isBusy: fc.boolean(),
  isContact: fc.boolean(),
  isOutgoing: fc.boolean(),
  lastUsedMs: fc.integer({ min: 0, max: NOW_MS }),
})
const someConnections = fc.array(anyConnection, { maxLength: 12 })

test('a dial takes the place of the idle stranger longest unused, then of the idle contact, and of nobody who is busy', () => {
  const older = { ...contact, lastUsedMs: 1 }
  const newer = { ...stranger, lastUsedMs: 3 }
  const newest = { ...stranger, lastUsedMs: 4 }
  assert.equal(placeForDial([older, newest, newer, { ...stranger, isBusy: true }]), newer)
  assert.equal(placeForDial([{ ...contact, lastUsedMs: 2 }, older, { ...stranger, isBusy: true }]), older)
  assert.equal(placeForDial([{ ...contact, isBusy: true }]), undefined)
})

test('a stranger who dials in never takes the place of a contact, of a dial of ours, or of anybody who was just heard', () => {
  fc.assert(
    fc.property(someConnections, fc.integer({ min: 1, max: 12 }), (open, connectionsMax) => {
      const place = placeForInbound(open, { isContact: false, connectionsMax, nowMs: NOW_MS })
      if (place === undefined || place === 'free') return
      assert.ok(!place.isContact && !place.isOutgoing && !place.isBusy && place.lastUsedMs <= NOW_MS - CROWDED_IDLE_MS)
    }),
  )
})

test('strangers never fill more than their share, nor anybody more than there is', () => {
  fc.assert(
    fc.property(someConnections, fc.integer({ min: 1, max: 12 }), (open, connectionsMax) => {
      const terms = { connectionsMax, nowMs: NOW_MS }
      const strangers = open.filter(({ isContact, isOutgoing }) => !isContact && !isOutgoing)
      if (placeForInbound(open, { ...terms, isContact: false }) === 'free') {
        assert.ok(open.length < connectionsMax && strangers.length < (3 / 4) * connectionsMax)
      }
      if (placeForInbound(open, { ...terms, isContact: true }) === 'free') assert.ok(open.length < connectionsMax)
    }),
  )
})

test('a contact who dials in is let in wherever somebody is idle', () => {
  const full = [contact, { ...stranger, isBusy: true }]
  assert.equal(placeForInbound(full, { isContact: true, connectionsMax: 2, nowMs: NOW_MS }), contact)
  assert.equal(placeForInbound(full, { isContact: false, connectionsMax: 2, nowMs: NOW_MS }), undefined)
})
