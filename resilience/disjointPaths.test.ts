/** Paths are counted as in graphs whose answer is plain to see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disjointPaths } from './disjointPaths.ts'

test('a chain has one path, a diamond two, and a cut none', () => {
  assert.equal(disjointPaths([[1], [2], []], 0, 2), 1)
  assert.equal(disjointPaths([[1, 2], [3], [3], []], 0, 3), 2)
  assert.equal(disjointPaths([[1], [], [3], []], 0, 3), 0)
})

test('a path that was laid first gives way where two others need it', () => {
  // The shortest path 0-1-4-5 blocks both 0-1-3-5 and 0-2-4-5 unless it is turned back.
  assert.equal(disjointPaths([[1, 2], [4, 3], [4], [5], [5], []], 0, 5), 2)
})

test('among nodes that all know each other there are as many paths as others', () => {
  const all = Array.from({ length: 12 }, (_, node) => node)
  const graph = all.map((node) => all.filter((other) => other !== node))
  assert.equal(disjointPaths(graph, 3, 7), 11)
})
