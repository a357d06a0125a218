/** Flags are read as what they mean, whichever way it is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printPuzzle, PUBLIC_PUZZLE } from '../crypto/idPuzzle.ts'
import { connectionCount, dialCount, puzzle, rate } from './flags.ts'

test('a puzzle is memory, passes and bits, as it is printed too, or none', () => {
  assert.deepEqual(puzzle('16MiB,1,6'), { memoryKib: 16_384, passes: 1, difficultyBits: 6 })
  assert.deepEqual(puzzle('65536,2,0'), { memoryKib: 64, passes: 2, difficultyBits: 0 })
  for (const printed of [PUBLIC_PUZZLE, { memoryKib: 100, passes: 16, difficultyBits: 32 }]) {
    assert.deepEqual(puzzle(printPuzzle(printed)), printed)
  }
  assert.equal(puzzle(printPuzzle(undefined)), 'none')
})

test('what is no puzzle is refused with an example', () => {
  for (const text of [
    '',
    'some',
    '64KiB',
    '64KiB,1',
    '7KiB,1,2',
    '100,1,2',
    '64KiB,0,2',
    '64KiB,1,33',
    '64KiB,1,2,3',
  ]) {
    assert.throws(() => puzzle(text), /16MiB,1,6/)
  }
})

test('a rate is a size, with or without a second, and 0 is no bound', () => {
  assert.equal(rate('2MB'), 2_000_000)
  assert.equal(rate('500KiB/s'), 512_000)
  assert.equal(rate('0'), undefined)
  for (const text of ['', '1KiB', '-2MB', 'fast']) assert.throws(() => rate(text), /a rate looks like/)
})

test('bounds that would leave a node alone are refused', () => {
  assert.deepEqual([connectionCount('64'), connectionCount('1024'), dialCount('60')], [64, 1024, 60])
  for (const text of ['63', '1025', '0', 'many']) assert.throws(() => connectionCount(text), /64 to 1024/)
  for (const text of ['59', '0', '']) assert.throws(() => dialCount(text), /60 to/)
})
