/** The quick hash tells inputs apart that differ in one bit, in order, or in where one part ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import { avalanche, FastHash } from './fastHash.ts'

test('the same input gives the same hash, and it may be read in between', () => {
  const hash = new FastHash(7).text('one')
  const between = hash.hex()
  assert.equal(between, new FastHash(7).text('one').hex())
  assert.equal(hash.word(2).hex(), new FastHash(7).text('one').word(2).hex())
  assert.notEqual(between, hash.hex())
})

test('flipping any one bit changes every quarter of the hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (bytes, at) => {
      const flipped = bytes.slice()
      flipped[at % bytes.length]! ^= 1 << (at % 8)
      const before = new FastHash().bytes(bytes).words()
      const after = new FastHash().bytes(flipped).words()
      assert.ok(before.every((word, quarter) => word !== after[quarter]))
    }),
  )
})

test('what is taken in has an order and has borders', () => {
  const hex = (...parts: string[]): string => parts.reduce((hash, part) => hash.text(part), new FastHash()).hex()
  assert.notEqual(hex('a', 'b'), hex('b', 'a'))
  assert.notEqual(hex('ab', ''), hex('a', 'b'))
  assert.notEqual(new FastHash().bytes(utf8('a')).hex(), new FastHash().bytes(utf8('a\0')).hex())
  assert.notEqual(new FastHash().float(1).hex(), new FastHash().float(1 + Number.EPSILON).hex())
})

test('a hundred thousand small inputs give a hundred thousand hashes', () => {
  const seen = new Set<string>()
  for (let a = 0; a < 400; a++) for (let b = 0; b < 250; b++) seen.add(new FastHash().word(a).word(b).hex())
  assert.equal(seen.size, 100_000)
})

test('spreading a word loses nothing', () => {
  const seen = new Set(Array.from({ length: 100_000 }, (_, word) => avalanche(word)))
  assert.equal(seen.size, 100_000)
})
