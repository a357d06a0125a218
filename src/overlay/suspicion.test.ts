/** Suspicion: the worst of what was found counts, one bad place alone does not, and it fades. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STRATA, SUSPICION_LOOKUPS, SUSPICION_MS } from './limits.ts'
import { Suspicion } from './suspicion.ts'

test('in a network of liars the lookups they have captured do not soothe', () => {
  const suspicion = new Suspicion()
  for (let nth = 0; nth < SUSPICION_LOOKUPS; nth++) suspicion.onLookup(nth % 4 === 0 ? 0.8 : 0, 0)
  assert.ok(Math.abs(suspicion.lyingShare(0) - 0.8) < 1e-9)
})

test('one place under attack makes a node look a little harder, not for the worst', () => {
  const suspicion = new Suspicion()
  for (let nth = 0; nth < SUSPICION_LOOKUPS - 1; nth++) suspicion.onLookup(0, 0)
  suspicion.onLookup(1, 0)
  assert.ok(suspicion.lyingShare(0) < STRATA[1].lyingShare)
})

test('what was found fades with time and with what is found later', () => {
  const suspicion = new Suspicion()
  for (let nth = 0; nth < 8; nth++) suspicion.onLookup(0.5, 0)
  assert.equal(suspicion.lyingShare(SUSPICION_MS), 0)
  for (let nth = 0; nth < SUSPICION_LOOKUPS; nth++) suspicion.onLookup(0, 1)
  assert.equal(suspicion.lyingShare(1), 0)
})
