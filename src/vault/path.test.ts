/** What can name an entry and what is a path: nothing that a file system or another reader would take for something else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { NAME_BYTES_MAX, PATH_DEPTH_MAX } from './limits.ts'
import { isName, namesOf } from './path.ts'

test('names are any text but what means something in a path', () => {
  for (const name of ['a', '...', ' ', 'ä', '日本', '\u0001', '\\', 'a b.c', '__proto__', 'x'.repeat(NAME_BYTES_MAX)]) {
    assert.ok(isName(name), name)
  }
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0b', '\ud800', 'x'.repeat(NAME_BYTES_MAX + 1), 'ä'.repeat(128)]) {
    assert.ok(!isName(name), name)
  }
})

test('a path falls into its names, with one slash allowed at the end', () => {
  assert.deepEqual(namesOf(''), [])
  assert.deepEqual(namesOf('a'), ['a'])
  assert.deepEqual(namesOf('a/b c/日本/'), ['a', 'b c', '日本'])
  assert.deepEqual(namesOf(Array.from({ length: PATH_DEPTH_MAX }, () => 'd').join('/')).length, PATH_DEPTH_MAX)
})

test('impossible paths are refused', () => {
  const deep = Array.from({ length: PATH_DEPTH_MAX + 1 }, () => 'd').join('/')
  const long = Array.from({ length: 20 }, () => '日'.repeat(80)).join('/')
  for (const path of ['/a', 'a//b', 'a//', './a', 'a/..', 'a/../b', 'a\0', '\udc00', deep, long]) {
    assert.throws(
      () => namesOf(path),
      (error) => isFailure(error, 'invalid'),
      path.slice(0, 20),
    )
  }
})
