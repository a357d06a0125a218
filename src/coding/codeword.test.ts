/** Wrong slices are told from right ones, whoever they came from, or nothing is said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../sim/seededRandom.ts'
import { agreeingSlices } from './codeword.ts'
import { Kernel } from './kernel/kernel.ts'

const kernel = new Kernel()
const random = new SeededRandom(1)
const SLICE_BYTES = 32

/** The same bytes of all fragments of a stripe. */
function codeword(needed: number, total: number): { readonly index: number; readonly data: Uint8Array }[] {
  const data = Array.from({ length: needed }, () => random.bytes(SLICE_BYTES))
  const parity = Array.from({ length: total - needed }, () => new Uint8Array(SLICE_BYTES))
  if (needed === 1) for (const each of parity) each.set(data[0]!)
  else kernel.encode(data, parity)
  return [...data, ...parity].map((bytes, index) => ({ index, data: Uint8Array.from(bytes) }))
}

function drawn(count: number, of: number): Set<number> {
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(random.integer(of))
  return chosen
}

test('in a stripe of every code the wrong slices are found out, by any share that still leaves a majority', () => {
  for (const [needed, total, wrong] of [
    [1, 20, 9],
    [2, 24, 8],
    [4, 33, 8],
    [16, 70, 6],
    [64, 193, 10],
    [64, 193, 0],
  ] as const) {
    const slices = codeword(needed, total)
    const damaged = drawn(wrong, total)
    for (const index of damaged) slices[index]!.data[random.integer(SLICE_BYTES)]! ^= 1 + random.integer(255)
    const agreeing = agreeingSlices(kernel, { needed, slices })
    const right = slices.map(({ index }) => index).filter((index) => !damaged.has(index))
    assert.deepEqual(
      agreeing?.toSorted((a, b) => a - b),
      right,
      `${wrong} of ${needed}/${total}`,
    )
  }
})

test('slices of some fragments only are told apart too', () => {
  const slices = codeword(16, 70).filter(() => random.integer(2) === 0)
  slices[3]!.data[0]! ^= 255
  const agreeing = agreeingSlices(kernel, { needed: 16, slices })
  assert.deepEqual(new Set(agreeing), new Set(slices.map(({ index }) => index).filter((_, at) => at !== 3)))
})

test('where too few are there, or most are wrong, nothing is said', () => {
  assert.equal(agreeingSlices(kernel, { needed: 4, slices: codeword(4, 33).slice(0, 4) }), undefined)
  assert.equal(agreeingSlices(kernel, { needed: 1, slices: codeword(1, 20).slice(0, 1) }), undefined)
  const slices = codeword(8, 40)
  for (const index of drawn(30, 40)) slices[index]!.data.set(random.bytes(SLICE_BYTES))
  assert.equal(agreeingSlices(kernel, { needed: 8, slices }), undefined)
})

test('liars who agree with one another, but are fewer, do not win', () => {
  const honest = codeword(4, 33)
  const lie = codeword(4, 33)
  const slices = honest.map((slice, at) => (at < 14 ? lie[at]! : slice))
  const agreeing = agreeingSlices(kernel, { needed: 4, slices })
  assert.deepEqual(
    agreeing?.toSorted((a, b) => a - b),
    honest.slice(14).map(({ index }) => index),
  )
})
