/** Paths are counted as in graphs whose answer is plain to see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DisjointPaths, type Graph } from './disjointPaths.ts'

const between = (graph: Graph, from: number, to: number): number => new DisjointPaths(graph).between(from, to)

test('a chain has one path, a diamond two, and a cut none', () => {
  assert.equal(between([[1], [2], []], 0, 2), 1)
  assert.equal(between([[1, 2], [3], [3], []], 0, 3), 2)
  assert.equal(between([[1], [], [3], []], 0, 3), 0)
})

test('a path that was laid first gives way where two others need it', () => {
  // The shortest path 0-1-4-5 blocks both 0-1-3-5 and 0-2-4-5 unless it is turned back.
  assert.equal(between([[1, 2], [4, 3], [4], [5], [5], []], 0, 5), 2)
})

test('among nodes that all know each other there are as many paths as others, between whomever one asks', () => {
  const all = Array.from({ length: 12 }, (_, node) => node)
  const paths = new DisjointPaths(all.map((node) => all.filter((other) => other !== node)))
  assert.deepEqual([paths.between(3, 7), paths.between(7, 3), paths.between(0, 11)], [11, 11, 11])
})

test('edges that lead both ways are two, and a double edge is one', () => {
  assert.equal(between([[1, 1], [0]], 0, 1), 1)
  assert.equal(between([[1], [0, 2], [1]], 2, 0), 1)
})
