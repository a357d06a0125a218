/** Popularity falls as it should. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { Zipf } from './zipf.ts'

test('the most popular is drawn r times as often as the r-th', () => {
  const zipf = new Zipf(10)
  const random = new SeededRandom(1)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 30_000; i++) counts[zipf.draw(random)]!++
  for (const [rank, count] of counts.entries()) {
    const expected = 30_000 / (rank + 1) / 2.929
    assert.ok(Math.abs(count / expected - 1) < 0.08, `rank ${rank}: ${count} instead of ${expected}`)
  }
})

test('where there is one thing everybody draws it', () => {
  assert.equal(new Zipf(1).draw(new SeededRandom(1)), 0)
})
