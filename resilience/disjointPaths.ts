/**
 * How many paths lead from one node to another without sharing an edge: maximum flow by breadth-first augmentation (Edmonds and
 * Karp, 1972), in arrays of numbers so that ten thousand routing tables take seconds.
 */

/** For each node, by its number, the nodes it has an edge to. */
export type Graph = readonly (readonly number[])[]

export class DisjointPaths {
  private readonly nodeCount: number
  /** Arcs in pairs, an edge and the way back; where each leads to. */
  private readonly heads: Int32Array
  /** The arcs that leave each node: those between two places of this list. */
  private readonly arcs: Int32Array
  private readonly places: Int32Array
  /** How many more paths may use an arc. */
  private readonly room: Int8Array

  constructor(graph: Graph) {
    const edges = graph.flatMap((nexts, from) => [...new Set(nexts)].map((to) => [from, to] as const))
    this.nodeCount = graph.length
    this.heads = new Int32Array(2 * edges.length)
    this.room = new Int8Array(2 * edges.length)
    this.places = new Int32Array(this.nodeCount + 1)
    for (const [nth, [from, to]] of edges.entries()) {
      this.heads[2 * nth] = to
      this.heads[2 * nth + 1] = from
      count(this.places, from + 1)
      count(this.places, to + 1)
    }
    for (let node = 0; node < this.nodeCount; node++) count(this.places, node + 1, this.places[node])
    this.arcs = this.grouped(edges)
  }

  between(from: number, to: number): number {
    for (let arc = 0; arc < this.room.length; arc++) this.room[arc] = 1 - (arc & 1)
    for (let paths = 0; ; paths++) {
      const cameBy = this.search(from, to)
      if (cameBy === undefined) return paths
      // A path that is laid may be turned back later, so the way back gets the room that the edge gives.
      for (let node = to; node !== from;) {
        const arc = cameBy[node] ?? 0
        count(this.room, arc, -1)
        count(this.room, arc ^ 1)
        node = this.heads[arc ^ 1] ?? from
      }
    }
  }

  private grouped(edges: readonly (readonly [number, number])[]): Int32Array {
    const arcs = new Int32Array(2 * edges.length)
    const next = this.places.slice()
    const put = (node: number, arc: number): void => {
      arcs[next[node] ?? 0] = arc
      count(next, node)
    }
    for (const [nth, [from, to]] of edges.entries()) {
      put(from, 2 * nth)
      put(to, 2 * nth + 1)
    }
    return arcs
  }

  /** For each node reached, the arc by which it was on a shortest path; undefined when `to` is not reached. */
  private search(from: number, to: number): Int32Array | undefined {
    const cameBy = new Int32Array(this.nodeCount).fill(-1)
    const queue = new Int32Array(this.nodeCount)
    queue[0] = from
    for (let head = 0, tail = 1; head < tail; head++) {
      const node = queue[head] as number
      const end = this.places[node + 1] as number
      for (let place = this.places[node] as number; place < end; place++) {
        const arc = this.arcs[place] as number
        const next = this.heads[arc] as number
        if (this.room[arc] === 0 || cameBy[next] !== -1 || next === from) continue
        cameBy[next] = arc
        if (next === to) return cameBy
        queue[tail++] = next
      }
    }
    return undefined
  }
}

function count(counts: Int32Array | Int8Array, at: number, by = 1): void {
  counts[at] = (counts[at] ?? 0) + by
}
