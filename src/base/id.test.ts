/** The XOR space: a metric in which every distance from a point belongs to one id only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { present } from './assert.ts'
import { commonPrefixBits, compareDistance, distanceFraction, idBytes, parseId, parseIdText, type Point } from './id.ts'

const anyPoint = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(pointOf)

/** Pairs that agree in a chosen number of leading bits, since random ones agree in hardly any. */
const alike = fc.tuple(anyPoint, fc.nat(255)).map(([a, bit]) => {
  const bytes = idBytes(a)
  bytes[bit >> 3]! ^= 0x80 >> (bit & 7)
  return { a, b: pointOf(bytes), bit }
})

function pointOf(bytes: Uint8Array): Point {
  return present(parseId<Point>(bytes), 'an id of 32 bytes')
}

function distance(a: Point, b: Point): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
}

test('comparing distances agrees with XOR over big integers', () => {
  const near = fc.oneof(
    fc.tuple(anyPoint, anyPoint),
    alike.map(({ a, b }) => [a, b] as const),
  )
  fc.assert(
    fc.property(anyPoint, near, (target, [a, b]) => {
      const [toA, toB] = [distance(target, a), distance(target, b)]
      assert.equal(Math.sign(compareDistance(target, a, b)), toA < toB ? -1 : toA > toB ? 1 : 0)
      assert.equal(Math.sign(compareDistance(a, target, b)), -Math.sign(compareDistance(a, b, target)))
    }),
  )
})

test('nothing is nearer to a point than itself, and nothing else as near', () => {
  fc.assert(
    fc.property(alike, ({ a, b }) => {
      assert.equal(compareDistance(a, a, a), 0)
      assert.ok(compareDistance(a, a, b) < 0 && compareDistance(a, b, a) > 0)
    }),
  )
})

test('the shared prefix ends at the first bit that differs', () => {
  fc.assert(
    fc.property(alike, ({ a, b, bit }) => {
      assert.equal(commonPrefixBits(a, b), bit)
      assert.equal(commonPrefixBits(b, a), bit)
      assert.equal(commonPrefixBits(a, a), 256)
    }),
  )
})

test('a distance as a fraction is that of the space', () => {
  fc.assert(
    fc.property(anyPoint, anyPoint, (a, b) => {
      const fraction = distanceFraction(a, b)
      assert.ok(fraction >= 0 && fraction < 1)
      assert.equal(fraction, Number(distance(a, b) >> 204n) / 2 ** 52)
      assert.equal(fraction, distanceFraction(b, a))
    }),
  )
  assert.ok(distanceFraction(pointOf(new Uint8Array(32)), pointOf(new Uint8Array(32).fill(255))) < 1)
})

test('only 32 bytes, or 64 small hexadecimal digits, are an id', () => {
  fc.assert(fc.property(anyPoint, (point) => assert.equal(parseIdText(point), pointOf(idBytes(point)))))
  const point = 'ab'.repeat(32)
  for (const text of [
    '',
    point.slice(2),
    `${point}ab`,
    point.toUpperCase(),
    `${point.slice(1)}g`,
    ` ${point.slice(1)}`,
  ]) {
    assert.equal(parseIdText(text), undefined, text)
  }
  for (const length of [0, 31, 33, 64]) assert.equal(parseId(new Uint8Array(length)), undefined)
})
