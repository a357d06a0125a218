/** The same bytes give the same choices, smaller bytes simpler ones, and no bytes the first of each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EMPTY } from '../base/bytes.ts'
import { Choices } from './choices.ts'
import { SeededRandom } from './seededRandom.ts'

/** Some choices of different sizes. */
function choose(choices: Choices): readonly (number | string)[] {
  return [
    choices.integer(3),
    choices.integer(2 ** 32),
    choices.pick(['red', 'green', 'blue']),
    choices.span(() => choices.integer(1000)),
    choices.length(25),
    choices.integer(1),
  ]
}

test('what dice have added can be read again without dice', () => {
  fc.assert(
    fc.property(fc.integer(), fc.uint8Array({ maxLength: 20 }), (seed, given) => {
      const first = new Choices(given, new SeededRandom(seed))
      const chosen = choose(first)
      const again = new Choices(first.taken)
      assert.deepEqual(choose(again), chosen)
      assert.deepEqual(again.taken, first.taken)
      assert.deepEqual(again.spans, first.spans)
    }),
  )
})

test('without bytes and dice every choice is the first', () => {
  assert.deepEqual(choose(new Choices(EMPTY)), [0, 0, 'red', 0, 0, 0])
})

test('choices take no more bytes than they need, and marked ones are known', () => {
  const choices = new Choices(Uint8Array.from([7, 1, 2, 3, 4, 5, 1, 3, 255]))
  assert.deepEqual(choose(choices), [0, 0x01020304, 'red', 3, 25, 0])
  assert.equal(choices.taken.length, 9)
  assert.deepEqual(choices.spans, [{ from: 6, to: 8 }])
})

test('dice choose evenly, and stop in the end', () => {
  const choices = new Choices(EMPTY, new SeededRandom(1))
  const counts = [0, 0, 0, 0, 0]
  for (let i = 0; i < 4096; i++) counts[choices.integer(5)]!++
  for (const count of counts) assert.ok(Math.abs(count - 4096 / 5) < 120, counts.join(' '))
  assert.equal(choices.integer(256), 0)
})
