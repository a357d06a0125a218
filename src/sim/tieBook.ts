/** What is known of each connection between two object networks of a world, in arrays by the number of the connection. */
import { assert } from '../base/assert.ts'
import type { ObjectNetwork } from './objectNetwork.ts'

/** One connection, shared by both its ends: a number that is used again when neither holds it any more. */
export type Tie = number
export const NO_TIE: Tie = -1

const CAPACITY_FIRST = 1024

export class TieBook {
  private readonly diallers: (ObjectNetwork | undefined)[] = []
  private readonly listeners: (ObjectNetwork | undefined)[] = []
  /** When something last passed, in elapsed time. */
  private usedTimes = new Float64Array(CAPACITY_FIRST)
  /** How many of both ends hold it. */
  private holderCounts = new Uint8Array(CAPACITY_FIRST)
  /** 1 when one end has lost the other already. */
  private broken = new Uint8Array(CAPACITY_FIRST)
  private readonly free: Tie[] = []

  /** A new tie. Whoever opens it calls {@link closeUnheld} when the ends have had their chance to hold it. */
  open(dialler: ObjectNetwork, listener: ObjectNetwork, nowMs: number): Tie {
    const tie = this.free.pop() ?? this.diallers.length
    if (tie === this.usedTimes.length) this.grow()
    this.diallers[tie] = dialler
    this.listeners[tie] = listener
    this.usedTimes[tie] = nowMs
    this.holderCounts[tie] = 0
    this.broken[tie] = 0
    return tie
  }

  closeUnheld(tie: Tie): void {
    if (this.holderCounts[tie] === 0) this.close(tie)
  }

  hold(tie: Tie): void {
    this.holderCounts[tie] = (this.holderCounts[tie] as number) + 1
  }

  letGo(tie: Tie): void {
    const holderCount = (this.holderCounts[tie] as number) - 1
    assert(holderCount >= 0, 'who lets go of a tie has held it')
    this.holderCounts[tie] = holderCount
    if (holderCount === 0) this.close(tie)
  }

  /** Whether it is a tie between these two; a number kept for long may have become that of others. */
  joins(tie: Tie, a: ObjectNetwork, b: ObjectNetwork): boolean {
    const dialler = this.diallers[tie]
    const listener = this.listeners[tie]
    return (dialler === a && listener === b) || (dialler === b && listener === a)
  }

  /** The other end. */
  peerOf(tie: Tie, self: ObjectNetwork): ObjectNetwork {
    const dialler = this.diallers[tie]
    const listener = this.listeners[tie]
    assert(dialler !== undefined && listener !== undefined, 'a tie that is held has two ends')
    return dialler === self ? listener : dialler
  }

  usedMs(tie: Tie): number {
    return this.usedTimes[tie] as number
  }

  use(tie: Tie, nowMs: number): void {
    this.usedTimes[tie] = nowMs
  }

  break(tie: Tie): void {
    this.broken[tie] = 1
  }

  isBroken(tie: Tie): boolean {
    return this.broken[tie] === 1
  }

  private close(tie: Tie): void {
    this.diallers[tie] = undefined
    this.listeners[tie] = undefined
    this.free.push(tie)
  }

  private grow(): void {
    const { usedTimes, holderCounts, broken } = this
    this.usedTimes = new Float64Array(2 * usedTimes.length)
    this.usedTimes.set(usedTimes)
    this.holderCounts = new Uint8Array(this.usedTimes.length)
    this.holderCounts.set(holderCounts)
    this.broken = new Uint8Array(this.usedTimes.length)
    this.broken.set(broken)
  }
}
