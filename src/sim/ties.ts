/**
 * The connections that stand between object networks, without modelling any: who is tied to whom, and since when. A big world has
 * tens of millions of them, so a tie is a number and what is known of it stands in arrays (tieBook.ts).
 */
import { IDLE_MS } from '../wire/limits.ts'
import { ABSENT, NumberMap } from './numberMap.ts'
import type { ObjectNetwork } from './objectNetwork.ts'
import { NO_TIE, type Tie, type TieBook } from './tieBook.ts'

/** Below this many ties nobody looks for idle ones. */
const PRUNE_COUNT_MIN = 64

/** The ties of one process. */
export class Ties {
  private readonly book: TieBook
  private readonly self: ObjectNetwork
  /** By the number of the peer's machine; a tie to an earlier process of that machine counts for nothing. */
  private readonly byNode = new NumberMap()
  private pruneAbove = PRUNE_COUNT_MIN

  constructor(book: TieBook, self: ObjectNetwork) {
    this.book = book
    this.self = self
  }

  /** NO_TIE when there is none or it has been idle for so long that both ends have closed it. */
  standing(peer: ObjectNetwork, nowMs: number): Tie {
    const tie = this.byNode.get(peer.node)
    return tie !== ABSENT && this.book.joins(tie, this.self, peer) && this.isFresh(tie, nowMs) ? tie : NO_TIE
  }

  add(peer: ObjectNetwork, tie: Tie, nowMs: number): void {
    this.book.hold(tie)
    this.letGo(this.byNode.set(peer.node, tie))
    if (this.byNode.size > this.pruneAbove) this.prune(nowMs)
  }

  /** Takes the tie to a peer away and says whether it stood. */
  break(peer: ObjectNetwork, nowMs: number): boolean {
    const tie = this.standing(peer, nowMs)
    if (tie === NO_TIE) return false
    this.book.break(tie)
    this.letGo(this.byNode.delete(peer.node))
    return true
  }

  peers(): readonly ObjectNetwork[] {
    return this.byNode.values().map((tie) => this.book.peerOf(tie, this.self))
  }

  clear(): void {
    for (const tie of this.byNode.values()) this.letGo(tie)
    this.byNode.clear()
  }

  private prune(nowMs: number): void {
    for (const tie of this.byNode.values()) {
      if (!this.isFresh(tie, nowMs)) this.letGo(this.byNode.delete(this.book.peerOf(tie, this.self).node))
    }
    this.pruneAbove = Math.max(PRUNE_COUNT_MIN, 2 * this.byNode.size)
  }

  private letGo(tie: Tie): void {
    if (tie !== ABSENT) this.book.letGo(tie)
  }

  private isFresh(tie: Tie, nowMs: number): boolean {
    return nowMs - this.book.usedMs(tie) <= IDLE_MS
  }
}
