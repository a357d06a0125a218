/** What the cache of roots keeps, for how long, and how much of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StripeId } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import { ROOT_BYTES_MAX, ROOT_CACHE_BYTES_MAX, ROOT_CACHE_MS } from './limits.ts'
import { RootCache } from './rootCache.ts'

function rig() {
  let nowMs = 1_000
  const clock = { now: () => nowMs } as unknown as Clock
  return { cache: new RootCache(clock), pass: (ms: number) => (nowMs += ms) }
}

function named(nth: number): StripeId {
  return nth.toString(16).padStart(64, '0') as StripeId
}

test('what was put is there for a while, however often it is asked for, and then no more', () => {
  const { cache, pass } = rig()
  cache.put(named(1), Uint8Array.of(1, 2))
  pass(ROOT_CACHE_MS)
  assert.deepEqual(cache.get(named(1)), Uint8Array.of(1, 2))
  assert.equal(cache.get(named(2)), undefined)
  pass(1)
  assert.equal(cache.get(named(1)), undefined)
})

test('what is dropped is gone', () => {
  const { cache } = rig()
  cache.put(named(1), Uint8Array.of(1))
  cache.drop(named(1))
  cache.drop(named(2))
  assert.equal(cache.get(named(1)), undefined)
})

test('it never holds more than its bound, and what was used last goes last', () => {
  const { cache } = rig()
  const fitting = Math.floor(ROOT_CACHE_BYTES_MAX / ROOT_BYTES_MAX)
  for (let nth = 0; nth < fitting; nth++) cache.put(named(nth), new Uint8Array(ROOT_BYTES_MAX))
  // Putting the same again takes no second room.
  cache.put(named(0), new Uint8Array(ROOT_BYTES_MAX))
  assert.ok(cache.get(named(1)) !== undefined)
  cache.put(named(fitting), new Uint8Array(ROOT_BYTES_MAX))
  const kept = Array.from({ length: fitting + 1 }, (_, nth) => cache.get(named(nth)) !== undefined)
  assert.deepEqual(
    kept.flatMap((isKept, nth) => (isKept ? [] : [nth])),
    [2],
  )
})
