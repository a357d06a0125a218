/** The connections that stand between an object network and its peers, without modelling any: who is tied to whom since when. */
import { IDLE_MS } from '../wire/limits.ts'
import type { ObjectNetwork } from './objectNetwork.ts'

/** One connection, shared by both its ends. */
export interface Tie {
  readonly dialler: ObjectNetwork
  readonly listener: ObjectNetwork
  /** When something last passed over it, in elapsed time. */
  usedMs: number
  /** One end has lost the other already. */
  isBroken: boolean
}

/** Below this many ties nobody looks for idle ones. */
const PRUNE_COUNT_MIN = 64

export class Ties {
  private readonly self: ObjectNetwork
  /** By the number of the peer's machine; a tie to an earlier process of that machine counts for nothing. */
  private readonly byNode = new Map<number, Tie>()
  private pruneAbove = PRUNE_COUNT_MIN

  constructor(self: ObjectNetwork) {
    this.self = self
  }

  /** Undefined when there is none or it has been idle for so long that both ends have closed it. */
  standing(peer: ObjectNetwork, nowMs: number): Tie | undefined {
    const tie = this.byNode.get(peer.node)
    return tie !== undefined && this.peerOf(tie) === peer && isFresh(tie, nowMs) ? tie : undefined
  }

  add(peer: ObjectNetwork, tie: Tie, nowMs: number): void {
    this.byNode.set(peer.node, tie)
    if (this.byNode.size <= this.pruneAbove) return
    for (const [node, each] of this.byNode) if (!isFresh(each, nowMs)) this.byNode.delete(node)
    this.pruneAbove = Math.max(PRUNE_COUNT_MIN, 2 * this.byNode.size)
  }

  /** Takes the tie to a peer away and says whether it stood. */
  break(peer: ObjectNetwork, nowMs: number): boolean {
    const tie = this.standing(peer, nowMs)
    if (tie === undefined) return false
    this.byNode.delete(peer.node)
    tie.isBroken = true
    return true
  }

  peers(): readonly ObjectNetwork[] {
    return [...this.byNode.values()].map((tie) => this.peerOf(tie))
  }

  clear(): void {
    this.byNode.clear()
  }

  private peerOf(tie: Tie): ObjectNetwork {
    return tie.dialler === this.self ? tie.listener : tie.dialler
  }
}

function isFresh(tie: Tie, nowMs: number): boolean {
  return nowMs - tie.usedMs <= IDLE_MS
}
