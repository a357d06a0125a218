/** Bytes and their printed forms: every text that reads as bytes is the one text those bytes print as. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromBase32, toBase32 } from './base32.ts'
import { concat, equal, fromHex, fromUtf8, readU32, toHex, utf8, writeU32 } from './bytes.ts'

test('base32 is what RFC 4648 prints, in small letters without padding', () => {
  const printed = ['', 'my', 'mzxq', 'mzxw6', 'mzxw6yq', 'mzxw6ytb', 'mzxw6ytboi']
  assert.deepEqual(
    ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => toBase32(utf8(text))),
    printed,
  )
})

test('base32 and hex read back what they print', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.deepEqual(fromBase32(toBase32(bytes)), bytes)
      assert.deepEqual(fromHex(toHex(bytes)), bytes)
    }),
  )
})

test('whatever base32 and hex read, they print again as it was', () => {
  const letters = fc.constantFrom('a', 'e', 'q', '2', '7', 'z', 'A', '0', '1', '8', '=', ' ', 'é', '😀')
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 17 }), (chars) => {
      const text = chars.join('')
      const [base32, hex] = [fromBase32(text), fromHex(text)]
      if (base32 !== undefined) assert.equal(toBase32(base32), text)
      if (hex !== undefined) assert.equal(toHex(hex), text)
    }),
    { numRuns: 1000 },
  )
})

test('base32 with spare bits, spare characters, capitals or padding is refused', () => {
  for (const text of ['mz', 'mzxx', 'm', 'mzx', 'mzxw6y', 'MY', 'my======', 'm1', 'mé', 'mzxw6ytb a']) {
    assert.equal(fromBase32(text), undefined, text)
  }
  for (const text of ['a', 'AB', '0x', 'g0', '0 ']) assert.equal(fromHex(text), undefined, text)
})

test('joining keeps the bytes in order, and equality is that of every byte', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
      const joined = concat(...parts)
      assert.deepEqual(
        [...joined],
        parts.flatMap((part) => [...part]),
      )
      assert.ok(equal(joined, joined.slice()))
      if (joined.length > 0) assert.ok(!equal(joined, joined.with(0, (joined[0] ?? 0) ^ 1)))
      assert.ok(!equal(joined, concat(joined, Uint8Array.of(0))))
    }),
  )
})

test('a 32-bit number reads as it was written, big-endian, anywhere', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.nat(8), (value, at) => {
      const bytes = new Uint8Array(12)
      writeU32(bytes, at, value)
      assert.equal(readU32(bytes, at), value)
      assert.equal(parseInt(toHex(bytes.subarray(at, at + 4)), 16), value)
    }),
  )
})

test('text that is no UTF-8 is refused, and a byte order mark is kept', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    assert.equal(fromUtf8(Uint8Array.from(bytes)), undefined)
  }
  for (const text of ['', 'é😀', '\u{feff}a']) assert.equal(fromUtf8(utf8(text)), text)
})
