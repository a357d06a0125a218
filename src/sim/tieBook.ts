/**
 * The connections that stand between the object networks of a world, without modelling any: who is tied to whom, and since when. A
 * big world has tens of millions of them, so a tie is a number, and what is known of it stands in arrays by that number. It is
 * found by its two machines, in one table for the whole world: a request touches few lines of the processor's cache.
 */
import { assert } from '../base/assert.ts'
import { IDLE_MS } from '../wire/limits.ts'

/** One connection, shared by both its ends: a number that is used again when neither holds it any more. */
export type Tie = number
export const NO_TIE: Tie = -1

/** A process that has ties. */
export interface TieEnd {
  /** The machine's number; a tie to an earlier process of that machine counts for nothing. */
  readonly node: number
  readonly tiesHeld: TiesHeld
}

/** Which ties a process holds, oldest first. Only the book looks into it. */
export class TiesHeld {
  first: End = NO_END
  last: End = NO_END
  count = 0
  /** With more than this, idle ones are looked for. */
  pruneAbove = PRUNE_COUNT_MIN
}

/** One end of a tie: twice the tie's number, plus 1 for the machine with the higher number. */
type End = number
const NO_END: End = -1

/** Below this many ties nobody looks for idle ones. */
const PRUNE_COUNT_MIN = 64
const CAPACITY_FIRST = 1024

export class TieBook<E extends TieEnd = TieEnd> {
  /** An open hash table by pair of machines: a tie plus 1, or 0. At least twice as long as there are ties. */
  private places = new Int32Array(2 * CAPACITY_FIRST)
  private tieCount = 0
  private readonly free: Tie[] = []
  /** By tie: its machines, the one with the lower number and the other. */
  private lows = new Int32Array(CAPACITY_FIRST)
  private highs = new Int32Array(CAPACITY_FIRST)
  /** By tie: when something last passed over it, in elapsed time. */
  private usedTimes = new Float64Array(CAPACITY_FIRST)
  /** By tie: 1 when one end has lost the other already. */
  private broken = new Uint8Array(CAPACITY_FIRST)
  /** By end: whose it is. */
  private readonly owners: (E | undefined)[] = []
  /** By end: 1 when its owner holds it, and then its neighbours among all those that this owner holds. */
  private held = new Uint8Array(2 * CAPACITY_FIRST)
  private previous = new Int32Array(2 * CAPACITY_FIRST)
  private next = new Int32Array(2 * CAPACITY_FIRST)

  /** What `self` holds to `peer`; NO_TIE when that is nothing, or has been idle for so long that both ends have closed it. */
  standing(self: E, peer: E, nowMs: number): Tie {
    const tie = this.find(Math.min(self.node, peer.node), Math.max(self.node, peer.node))
    if (tie === NO_TIE || !this.joins(tie, self, peer)) return NO_TIE
    return this.held[this.endOf(tie, self)] === 1 && this.isFresh(tie, nowMs) ? tie : NO_TIE
  }

  /**
   * A new tie in place of what was between the two machines. Both ends may now {@link hold} it; {@link closeUnheld} is called when
   * they have had their chance.
   */
  open(dialler: E, listener: E, nowMs: number): Tie {
    const [low, high] = dialler.node < listener.node ? [dialler, listener] : [listener, dialler]
    let tie = this.find(low.node, high.node)
    if (tie === NO_TIE) tie = this.add(low.node, high.node)
    this.usedTimes[tie] = nowMs
    this.broken[tie] = 0
    this.takeOver(2 * tie, low)
    this.takeOver(2 * tie + 1, high)
    return tie
  }

  closeUnheld(tie: Tie): void {
    if (this.held[2 * tie] === 0 && this.held[2 * tie + 1] === 0) this.close(tie)
  }

  hold(tie: Tie, self: E, nowMs: number): void {
    const end = this.endOf(tie, self)
    if (this.held[end] === 1) return
    const { tiesHeld } = self
    this.held[end] = 1
    this.previous[end] = tiesHeld.last
    this.next[end] = NO_END
    if (tiesHeld.last === NO_END) tiesHeld.first = end
    else this.next[tiesHeld.last] = end
    tiesHeld.last = end
    if (++tiesHeld.count > tiesHeld.pruneAbove) this.prune(self, nowMs)
  }

  /** Breaks the tie that `self` holds to `peer`, and says whether it stood. */
  lose(self: E, peer: E, nowMs: number): boolean {
    const tie = this.standing(self, peer, nowMs)
    if (tie === NO_TIE) return false
    this.broken[tie] = 1
    this.letGo(this.endOf(tie, self))
    return true
  }

  /** Those at the other ends of what `self` holds, those known for longest first. */
  peersOf(self: E): readonly E[] {
    const peers: E[] = []
    for (let end = self.tiesHeld.first; end !== NO_END; end = this.next[end] as End) peers.push(this.ownerOf(end ^ 1))
    return peers
  }

  /** Lets go of all that `self` holds. */
  clear(self: E): void {
    while (self.tiesHeld.first !== NO_END) this.letGo(self.tiesHeld.first)
  }

  /** Whether it is a tie between these two; a number kept for long may have become that of others. */
  joins(tie: Tie, a: E, b: E): boolean {
    const low = this.owners[2 * tie]
    const high = this.owners[2 * tie + 1]
    return (low === a && high === b) || (low === b && high === a)
  }

  use(tie: Tie, nowMs: number): void {
    this.usedTimes[tie] = nowMs
  }

  isBroken(tie: Tie): boolean {
    return this.broken[tie] === 1
  }

  private isFresh(tie: Tie, nowMs: number): boolean {
    return nowMs - (this.usedTimes[tie] as number) <= IDLE_MS
  }

  /** Drops those that have been idle for so long that both ends have closed them. */
  private prune(self: E, nowMs: number): void {
    const { tiesHeld } = self
    let end = tiesHeld.first
    while (end !== NO_END) {
      const next = this.next[end] as End
      if (!this.isFresh(end >> 1, nowMs)) this.letGo(end)
      end = next
    }
    tiesHeld.pruneAbove = Math.max(PRUNE_COUNT_MIN, 2 * tiesHeld.count)
  }

  private letGo(end: End): void {
    const { tiesHeld } = this.ownerOf(end)
    const previous = this.previous[end] as End
    const next = this.next[end] as End
    this.held[end] = 0
    if (previous === NO_END) tiesHeld.first = next
    else this.next[previous] = next
    if (next === NO_END) tiesHeld.last = previous
    else this.previous[next] = previous
    tiesHeld.count--
    this.closeUnheld(end >> 1)
  }

  /** The end is another process's from now on. One that has ended has let go of all it held, so nobody else can be holding it. */
  private takeOver(end: End, owner: E): void {
    assert(this.held[end] === 0 || this.owners[end] === owner, 'the end of a tie is held by a process that runs')
    this.owners[end] = owner
  }

  private ownerOf(end: End): E {
    const owner = this.owners[end]
    assert(owner !== undefined, 'a tie that is held has two ends')
    return owner
  }

  private endOf(tie: Tie, self: E): End {
    return this.owners[2 * tie] === self ? 2 * tie : 2 * tie + 1
  }

  private add(low: number, high: number): Tie {
    const tie = this.free.pop() ?? this.tieCount
    if (tie === this.lows.length) this.grow()
    this.tieCount++
    if (2 * this.tieCount > this.places.length) this.growPlaces()
    this.lows[tie] = low
    this.highs[tie] = high
    this.held[2 * tie] = 0
    this.held[2 * tie + 1] = 0
    this.places[this.placeFor(low, high)] = tie + 1
    return tie
  }

  private close(tie: Tie): void {
    this.owners[2 * tie] = undefined
    this.owners[2 * tie + 1] = undefined
    this.tieCount--
    this.free.push(tie)
    this.removeFromTable(tie)
  }

  private find(low: number, high: number): Tie {
    return (this.places[this.placeFor(low, high)] as number) - 1
  }

  /** Where in the table the tie of two machines stands, or would. */
  private placeFor(low: number, high: number): number {
    const mask = this.places.length - 1
    for (let at = spread(low, high) & mask; ; at = (at + 1) & mask) {
      const tie = (this.places[at] as number) - 1
      if (tie === NO_TIE || (this.lows[tie] === low && this.highs[tie] === high)) return at
    }
  }

  /** Moves up those behind it that would stand there (Knuth, The Art of Computer Programming, 6.4, algorithm R). */
  private removeFromTable(tie: Tie): void {
    const mask = this.places.length - 1
    let gap = this.placeFor(this.lows[tie] as number, this.highs[tie] as number)
    for (let at = (gap + 1) & mask; this.places[at] !== 0; at = (at + 1) & mask) {
      const other = (this.places[at] as number) - 1
      const home = spread(this.lows[other] as number, this.highs[other] as number) & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.places[gap] = other + 1
      gap = at
    }
    this.places[gap] = 0
  }

  private growPlaces(): void {
    const before = this.places
    this.places = new Int32Array(2 * before.length)
    for (const place of before) {
      if (place === 0) continue
      this.places[this.placeFor(this.lows[place - 1] as number, this.highs[place - 1] as number)] = place
    }
  }

  private grow(): void {
    this.lows = grown(this.lows, new Int32Array(2 * this.lows.length))
    this.highs = grown(this.highs, new Int32Array(2 * this.highs.length))
    this.usedTimes = grown(this.usedTimes, new Float64Array(2 * this.usedTimes.length))
    this.broken = grown(this.broken, new Uint8Array(2 * this.broken.length))
    this.held = grown(this.held, new Uint8Array(2 * this.held.length))
    this.previous = grown(this.previous, new Int32Array(2 * this.previous.length))
    this.next = grown(this.next, new Int32Array(2 * this.next.length))
  }
}

/** A hash of a pair of machines. */
function spread(low: number, high: number): number {
  const mixed = Math.imul(Math.imul(low, 0x85ebca77) ^ high, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function grown<A extends { set(from: A): void }>(from: A, into: A): A {
  into.set(from)
  return into
}
