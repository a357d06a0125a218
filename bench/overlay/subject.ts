/** A network of nodes in one process as the benchmark of overlays sees it, whosever it is. */
import type { Point } from '../../src/base/id.ts'

export interface Subject {
  /** What is measured, with its version. */
  readonly title: string
  /** Ways to look up. The first is measured in full; others that one might take are beside it for comparison. */
  readonly ways: readonly string[]
  /** Where the nodes lie in their XOR space. */
  readonly places: readonly Point[]
  /** Whether an answer names the node that was asked, where it is among the nearest. */
  readonly namesAsker: boolean
  /** Where a key lies in the same space. */
  placeOf(key: Uint8Array): Point
  /** The nodes nearest to the key as node `asker` finds them. */
  lookup(way: string, asker: number, key: Uint8Array): Promise<Answer>
  /** Lets each request wait so long before it is sent, as a network with such a round trip would; 0 for none. */
  delayRequests(delayMs: number): void
  /** As the end of their processes would: sockets and listeners are gone at once, and nobody is told. */
  kill(nodes: readonly number[]): void
}

export interface Answer {
  /** Nearest first. */
  readonly places: readonly Point[]
  /** Requests to other nodes that this lookup made. */
  readonly requestCount: number
}

export interface SubjectOptions {
  /** The loopback address of each node, one in each /24. */
  readonly hosts: readonly string[]
  /** Settles when the nodes started so far have little left to do. Nodes start one after another, with this in between. */
  readonly untilCalm: () => Promise<void>
}

/** How many nodes, the first ones, each other node is told of. */
export const BOOTSTRAPS = 3
/** The nodes nearest to a key that a lookup is to find: both overlays' k. */
export const NEAREST = 20

export type StartSubject = (options: SubjectOptions) => Promise<Subject>
