/** How many paths lead from one node to another without sharing an edge: maximum flow by breadth-first augmentation (Edmonds and Karp, 1972). */

/** For each node, by its number, the nodes it has an edge to. */
export type Graph = readonly (readonly number[])[]

export function disjointPaths(graph: Graph, from: number, to: number): number {
  // For each node, how many more paths may lead on to which other; a path that is laid may be turned back later.
  const residual = graph.map((edges) => new Map([...new Set(edges)].map((next) => [next, 1])))
  for (let count = 0; ; count++) {
    const cameFrom = search(residual, from, to)
    if (cameFrom === undefined) return count
    for (let node = to; node !== from;) {
      const previous = cameFrom.get(node) ?? from
      widen(residual[previous], node, -1)
      widen(residual[node], previous, 1)
      node = previous
    }
  }
}

type Room = Map<number, number>

function widen(room: Room | undefined, next: number, by: number): void {
  room?.set(next, (room.get(next) ?? 0) + by)
}

/** For each node reached, the one before it on a shortest path; undefined when `to` is not reached. */
function search(residual: readonly Room[], from: number, to: number): ReadonlyMap<number, number> | undefined {
  const cameFrom = new Map([[from, from]])
  const queue = [from]
  for (const node of queue) {
    for (const [next, left] of residual[node] ?? []) {
      if (left === 0 || cameFrom.has(next)) continue
      cameFrom.set(next, node)
      if (next === to) return cameFrom
      queue.push(next)
    }
  }
  return undefined
}
