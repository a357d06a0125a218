/** The connections that stand between an object network and its peers, without modelling any: who is tied to whom since when. */
import { IDLE_MS } from '../wire/limits.ts'
import type { ObjectNetwork } from './objectNetwork.ts'

/** One connection, shared by both its ends. */
export interface Tie {
  /** When something last passed over it, in elapsed time. */
  usedMs: number
  /** One end has lost the other already. */
  isBroken: boolean
}

/** Below this many ties nobody looks for idle ones. */
const PRUNE_COUNT_MIN = 64

export class Ties {
  private readonly byPeer = new Map<ObjectNetwork, Tie>()
  private pruneAbove = PRUNE_COUNT_MIN

  /** Undefined when there is none or it has been idle for so long that both ends have closed it. */
  standing(peer: ObjectNetwork, nowMs: number): Tie | undefined {
    const tie = this.byPeer.get(peer)
    return tie !== undefined && nowMs - tie.usedMs <= IDLE_MS ? tie : undefined
  }

  add(peer: ObjectNetwork, tie: Tie, nowMs: number): void {
    this.byPeer.set(peer, tie)
    if (this.byPeer.size <= this.pruneAbove) return
    for (const each of this.byPeer.keys()) if (this.standing(each, nowMs) === undefined) this.byPeer.delete(each)
    this.pruneAbove = Math.max(PRUNE_COUNT_MIN, 2 * this.byPeer.size)
  }

  /** Takes the tie to a peer away and says whether it stood. */
  break(peer: ObjectNetwork, nowMs: number): boolean {
    const tie = this.standing(peer, nowMs)
    this.byPeer.delete(peer)
    if (tie !== undefined) tie.isBroken = true
    return tie !== undefined
  }

  peers(): readonly ObjectNetwork[] {
    return [...this.byPeer.keys()]
  }

  clear(): void {
    this.byPeer.clear()
  }
}
