/** Ranges as RFC 9110 has them, its examples and its corners. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answerRange } from './range.ts'

const part = (start: number, end: number): unknown => ({ kind: 'part', range: { start, end } })

test('the examples of the RFC are answered as it says', () => {
  assert.deepEqual(answerRange('bytes=0-499', 10_000), part(0, 499))
  assert.deepEqual(answerRange('bytes=-500', 10_000), part(9_500, 9_999))
  assert.deepEqual(answerRange('bytes=9500-', 10_000), part(9_500, 9_999))
})

test('a range that reaches beyond the end is cut at the end', () => {
  assert.deepEqual(answerRange('bytes=5-99', 10), part(5, 9))
  assert.deepEqual(answerRange('bytes=-99', 10), part(0, 9))
})

test('a range wholly outside cannot be satisfied', () => {
  for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99999999999999999999-']) {
    assert.deepEqual(answerRange(header, 10), { kind: 'unsatisfiable' }, header)
  }
  assert.deepEqual(answerRange('bytes=0-', 0), { kind: 'unsatisfiable' })
})

test('no range, several, another unit and nonsense get the whole', () => {
  for (const header of [undefined, 'bytes=0-1,4-5', 'lines=1-2', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'x']) {
    assert.deepEqual(answerRange(header, 10), { kind: 'whole' }, header)
  }
})

test('whatever the header says, a part lies within the content', () => {
  const header = fc.oneof(
    fc.string(),
    fc.stringMatching(/^bytes=[0-9, -]{0,24}$/),
    fc.tuple(fc.nat(40), fc.nat(40)).map(([first, last]) => `bytes=${first}-${last}`),
  )
  fc.assert(
    fc.property(header, fc.nat(30), (text, size) => {
      const answer = answerRange(text, size)
      if (answer.kind !== 'part') return true
      const { start, end } = answer.range
      return Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end < size
    }),
    { numRuns: 2_000 },
  )
})
