/** One value, one encoding: what is encoded decodes to itself, and no other bytes decode to it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { parseId } from '../base/id.ts'
import {
  bytesOf,
  bytesUpTo,
  decodeAs,
  encodeAs,
  id,
  integer,
  list,
  mapped,
  oneOf,
  optional,
  readAs,
  record,
  text,
  uint,
  type TypeOf,
} from './schema.ts'

const schema = record({
  name: text(20),
  level: uint(2 ** 48),
  change: integer,
  mode: oneOf('on', 'off'),
  place: id(),
  key: bytesOf(4),
  parts: list(record({ data: bytesUpTo(300), note: optional(text(5)) }), 4),
  even: mapped(
    uint(100),
    (value: number) => value / 2,
    (wire) => (wire % 2 === 0 ? wire * 2 : undefined),
  ),
})

const BYTES_MAX = 10_000

const number = fc.oneof(fc.nat(30), fc.nat(70_000), fc.nat(2 ** 48))
const value: fc.Arbitrary<TypeOf<typeof schema>> = fc.record(
  {
    name: fc.string({ unit: 'binary', maxLength: 10 }),
    level: number,
    change: fc.maxSafeInteger(),
    mode: fc.constantFrom('on', 'off'),
    place: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => parseId(bytes)!),
    key: bytes(4, 4),
    parts: fc.array(
      fc.record(
        {
          data: fc.oneof(bytes(0, 30), bytes(250, 300)),
          note: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 4 },
    ),
    even: fc.nat(50).map((half) => half * 4),
  },
  { noNullPrototype: true },
)

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength, maxLength })
}

test('what is encoded decodes to itself', () => {
  fc.assert(
    fc.property(value, (original) => {
      const decoded = decodeAs(schema, encodeAs(schema, original), BYTES_MAX)
      assert.ok(decoded.ok)
      assert.deepEqual(decoded.value, original)
    }),
  )
})

test('bytes changed anywhere are refused or are the one encoding of something else', () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat(255), how: fc.constantFrom('set', 'insert', 'remove') })
  fc.assert(
    fc.property(value, fc.array(change, { minLength: 1, maxLength: 3 }), (original, changes) => {
      let encoded: Uint8Array = encodeAs(schema, original)
      for (const { at, to, how } of changes) {
        const place = at % encoded.length
        const inserted = how === 'remove' ? [] : [to]
        encoded = concat(
          encoded.subarray(0, place),
          Uint8Array.from(inserted),
          encoded.subarray(how === 'insert' ? place : place + 1),
        )
      }
      const decoded = decodeAs(schema, encoded, BYTES_MAX)
      if (decoded.ok) assert.equal(toHex(encodeAs(schema, decoded.value)), toHex(encoded))
    }),
    { numRuns: 3000 },
  )
})

test('random bytes are refused or the one encoding, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
      const anything = list(optional(list(uint(255), 10)), 100)
      const decoded = decodeAs(anything, random, BYTES_MAX)
      if (decoded.ok) assert.equal(toHex(encodeAs(anything, decoded.value)), toHex(random))
    }),
    { numRuns: 2000 },
  )
})

const SPELLINGS: readonly [string, string][] = [
  ['1801', 'an integer of two bytes where one is enough'],
  ['190001', 'an integer of three bytes'],
  ['1a00000001', 'an integer of five bytes'],
  ['1b0000000000000001', 'an integer of nine bytes'],
  ['f93c00', 'a half-precision float'],
  ['fa3f800000', 'a single-precision float'],
  ['fb3ff0000000000000', 'a double-precision float'],
  ['c101', 'a tagged integer'],
  ['c24101', 'a bignum'],
  ['0101', 'two items'],
  ['01ff', 'a break after the item'],
  ['', 'nothing'],
  ['f5', 'true'],
  ['f6', 'null'],
  ['f7', 'undefined'],
  ['f801', 'a simple value'],
  ['a0', 'a map'],
  ['20', 'a negative integer'],
]

test('an integer has no other spelling', () => {
  assert.deepEqual(decodeAs(uint(9), fromHex('01')!, BYTES_MAX), { ok: true, value: 1 })
  for (const [hex, what] of SPELLINGS) assert.equal(decodeAs(uint(9), fromHex(hex)!, BYTES_MAX).ok, false, what)
})

test('text, bytes and lists have no other spelling', () => {
  const refused: readonly [string, string][] = [
    ['7801' + '61', 'a text length longer than needed'],
    ['7f6161ff', 'text of indefinite length'],
    ['61ff', 'text that is not UTF-8'],
    ['62c080', 'an overlong character'],
    ['63eda080', 'half a surrogate pair'],
    ['4161', 'bytes for text'],
  ]
  for (const [hex, what] of refused) assert.equal(decodeAs(text(9), fromHex(hex)!, BYTES_MAX).ok, false, what)
  for (const hex of ['580161', '5f4161ff', '6161']) assert.equal(decodeAs(bytesUpTo(9), fromHex(hex)!, 99).ok, false)
  for (const hex of ['980101', '9f01ff', '8201', '9b0000000100000000']) {
    assert.equal(decodeAs(list(uint(9), 9), fromHex(hex)!, 99).ok, false)
  }
})

test('what is decoded shares no memory with the bytes it came from, and what is encoded is no Buffer', () => {
  const bytes = Buffer.from(encodeAs(bytesUpTo(9), Uint8Array.of(1, 2, 3)))
  const decoded = decodeAs(bytesUpTo(9), bytes, 99)
  bytes.fill(0)
  assert.deepEqual(decoded, { ok: true, value: Uint8Array.of(1, 2, 3) })
  const encoded = encodeAs(list(bytesUpTo(99), 9), [new Uint8Array(99), new Uint8Array(99)])
  assert.deepEqual([Buffer.isBuffer(encoded), encoded.buffer.byteLength], [false, encoded.length])
})

test('a byte order mark is part of the text', () => {
  const marked = '\u{feff}a'
  assert.deepEqual(decodeAs(text(9), encodeAs(text(9), marked), 99), { ok: true, value: marked })
})

test('nesting without end is refused, not a crash', () => {
  for (const byte of [0x81, 0x9f, 0xa1, 0xc1]) {
    assert.equal(decodeAs(schema, new Uint8Array(1_000_000).fill(byte), 1_000_000).ok, false)
  }
})

test('bounds are kept: on bytes, items, numbers, lengths, words and fields', () => {
  const long = encodeAs(bytesUpTo(100), new Uint8Array(100))
  assert.equal(decodeAs(bytesUpTo(100), long, long.length).ok, true)
  assert.equal(decodeAs(bytesUpTo(100), long, long.length - 1).ok, false)
  const numbers = list(uint(9), 100)
  assert.equal(decodeAs(numbers, encodeAs(numbers, [1, 2, 3]), 99, 4).ok, true)
  assert.equal(decodeAs(numbers, encodeAs(numbers, [1, 2, 3]), 99, 3).ok, false)
  const refused = [
    readAs(uint(9), 10),
    readAs(uint(9), -1),
    readAs(uint(9), 0.5),
    readAs(integer, 2 ** 53),
    readAs(bytesOf(2), new Uint8Array(3)),
    readAs(bytesUpTo(2), new Uint8Array(3)),
    readAs(text(2), 'abc'),
    readAs(list(uint(9), 2), [1, 2, 3]),
    readAs(oneOf('on', 'off'), 'of'),
    readAs(record({ a: uint(9) }), [1, 2]),
    readAs(record({ a: uint(9) }), []),
    readAs(id(), new Uint8Array(31)),
  ]
  for (const result of refused) assert.equal(result.ok, false)
})

test('what is wrong is said with its place', () => {
  const nested = record({ parts: list(record({ size: uint(9) }), 9) })
  const result = readAs(nested, [[[1], [10]]])
  assert.ok(!result.ok && result.error.startsWith('.parts[1].size'))
})
