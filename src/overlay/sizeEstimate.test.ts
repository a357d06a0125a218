/** The size estimate: from many places within 15 % for nearly everybody, and not moved by places that somebody crowds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Point } from '../base/id.ts'
import { IdOrder } from '../sim/idOrder.ts'
import { groundIdNear } from '../sim/attackers/groundIds.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { toHex } from '../base/bytes.ts'
import { REGION_SIZE, SIZE_SAMPLES, SOUNDINGS } from './limits.ts'
import { SizeEstimate } from './sizeEstimate.ts'

const random = new SeededRandom(5)

function randomPoint(): Point {
  return toHex(random.bytes(32)) as Point
}

function networkOf(size: number): IdOrder {
  return new IdOrder(Array.from({ length: size }, () => ({ id: randomPoint() as never, addresses: [] })))
}

/** What a node of the network estimates after lookups of some random points. */
function estimateIn(network: IdOrder, lookups: number, size: SizeEstimate = new SizeEstimate()): number {
  for (let nth = 0; nth < lookups; nth++) {
    const target = randomPoint()
    size.onLookup(target, network.nearest(target, REGION_SIZE))
  }
  const self = network.contacts[random.integer(network.contacts.length)]!
  const neighbours = network.nearest(self.id, REGION_SIZE + 1).filter(({ id }) => id !== self.id)
  return size.value(self.id, neighbours, 21)
}

for (const size of [50, 200, 1000, 20_000]) {
  test(`after its soundings nearly every node of ${size} is within 25 %, and with all samples within 15 %`, () => {
    const network = networkOf(size)
    const errors = (lookups: number): number[] =>
      Array.from({ length: 100 }, () => Math.abs(estimateIn(network, lookups) / size - 1)).sort((a, b) => a - b)
    const sounded = errors(SOUNDINGS)
    assert.ok(sounded[90]! < 0.25, `nine in ten are off by up to ${sounded[90]} after soundings`)
    const settled = errors(4 * SIZE_SAMPLES)
    assert.ok(
      settled[50]! < 0.1 && settled[90]! < 0.17,
      `half are off by up to ${settled[50]}, nine in ten by ${settled[90]}`,
    )
  })
}

test('a third of the places crowded by ground ids moves the estimate by less than half', () => {
  const network = networkOf(1000)
  const size = new SizeEstimate()
  for (let nth = 0; nth < SIZE_SAMPLES / 4; nth++) {
    const target = randomPoint()
    const crowd = Array.from({ length: REGION_SIZE }, () => ({ id: groundIdNear(target, 40, random), addresses: [] }))
    size.onLookup(target, new IdOrder(crowd).nearest(target, REGION_SIZE))
  }
  const estimate = estimateIn(network, (3 * SIZE_SAMPLES) / 4, size)
  assert.ok(estimate > 600 && estimate < 1500, `estimated ${estimate}`)
})

test('the same place looked at again and again counts once', () => {
  const size = new SizeEstimate()
  const network = networkOf(1000)
  const target = randomPoint()
  for (let nth = 0; nth < 100; nth++) size.onLookup(target, network.nearest(target, REGION_SIZE))
  assert.equal(size.sampleCount, 1)
})
