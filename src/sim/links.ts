/**
 * How long messages take between two nodes, and what befalls them on the way: latency, jitter, loss, slow uplinks, cuts.
 * A node is a number here. Links behave as TCP does: a lost packet is sent again and comes late, never not at all; only a cut
 * is silence. No state is kept per link: the dice of a message follow from the seed, its link and its moment of sending
 * (a counter-based generator as in Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), so that traffic on one
 * link never changes the luck of another, and 10^8 possible links cost nothing.
 */
import { assert } from '../base/assert.ts'
import { SECOND } from '../base/units.ts'
import type { Channel } from '../ports/connection.ts'
import { avalanche, FastHash } from './fastHash.ts'

export interface LinkOptions {
  /** One-way delay: every pair of nodes gets its own fixed place in this range, the same in both directions. */
  readonly delayMs?: readonly [number, number]
  /** Replaces `delayMs` by a model of one's own, for example of coordinates on a globe. Must depend on the two nodes alone. */
  readonly latencyMs?: (from: number, to: number) => number
  /** Every message takes up to this much longer. */
  readonly jitterMs?: number
  /** The chance that a packet is lost and sent again, 0 .. 0.9. */
  readonly loss?: number
  /** What a node can send; undefined for as much as it likes. */
  readonly uplinkBytesPerSecond?: (node: number) => number | undefined
}

/** Linux's smallest wait before a packet is sent again; RFC 6298 would have a second. */
export const RETRANSMIT_MS_MIN = 200
/** RFC 6298's bound on that wait. */
export const RETRANSMIT_MS_MAX = 60 * SECOND
/** Sending a packet more often than this adds no new behaviour, as the last wait is over three minutes at least. */
const RETRANSMIT_COUNT_MAX = 10
/** One for the jitter and one for every time the packet may be lost. */
const DICE_PER_MESSAGE = 1 + RETRANSMIT_COUNT_MAX
/** A pair of nodes as one whole number that is exact. */
const NODES_MAX = 2 ** 24
const DELAY_MS_DEFAULT: readonly [number, number] = [5, 80]

/** A set of directed links. Must give the same answer for the same two nodes. */
export type LinkSet = (from: number, to: number) => boolean

/** What befalls many links at once, at no cost for each of them. */
interface Hindrance {
  readonly touches: LinkSet
  readonly extraMs: number
  readonly untilMs: number
}

interface Cut {
  readonly from: ReadonlySet<number>
  readonly to: ReadonlySet<number>
}

export class Links {
  private readonly options: LinkOptions
  private readonly seed: number
  private readonly cuts = new Set<Cut>()
  private readonly slowMs = new Map<number, number>()
  private readonly cloggedUntilMs = new Map<number, number>()
  private readonly hindrances = new Set<Hindrance>()
  private readonly uplinkFreeAtMs: Record<Channel, Map<number, number>> = { control: new Map(), bulk: new Map() }
  private instantMs = -1
  /** The first link on which something was sent this instant, nearly always the only one, and how often. */
  private firstPair = -1
  private firstPairSent = 0
  /** How often on each of the others. */
  private readonly sentThisInstant = new Map<number, number>()

  constructor(seed: number, options: LinkOptions = {}) {
    const { loss = 0 } = options
    assert(loss >= 0 && loss <= 0.9, 'at most nine packets in ten are lost; cut the link for silence')
    this.seed = new FastHash().float(seed).text('links').words()[0]
    this.options = options
  }

  /** The fixed part of the one-way delay. */
  baseMs(from: number, to: number): number {
    const { latencyMs, delayMs = DELAY_MS_DEFAULT } = this.options
    if (latencyMs !== undefined) return latencyMs(from, to)
    const [lowMs, highMs] = delayMs
    return lowMs + (highMs - lowMs) * this.dice(Math.min(from, to), Math.max(from, to), 0, 0)
  }

  /**
   * When the last byte of a message leaves `from`. Bulk and control share the uplink without waiting for one another, as two
   * connections with little of one kind do; within each channel a node sends one message after the other.
   */
  departureMs(from: number, bytes: number, channel: Channel, nowMs: number): number {
    const bytesPerSecond = this.options.uplinkBytesPerSecond?.(from)
    if (bytesPerSecond === undefined) return nowMs
    const freeAtMs = this.uplinkFreeAtMs[channel]
    const departureMs = Math.max(nowMs, freeAtMs.get(from) ?? 0) + (bytes * SECOND) / bytesPerSecond
    freeAtMs.set(from, departureMs)
    return departureMs
  }

  /** How long a message that leaves `from` at `departureMs` is under way to `to`, cuts aside. */
  transitMs(from: number, to: number, departureMs: number): number {
    const { jitterMs = 0, loss = 0 } = this.options
    const baseMs = this.baseMs(from, to)
    let transitMs = baseMs
    if (jitterMs > 0 || loss > 0) {
      const firstDie = 1 + DICE_PER_MESSAGE * this.nthOfInstant(pairOf(from, to), departureMs)
      transitMs += jitterMs * this.dice(from, to, departureMs, firstDie)
      if (loss > 0) transitMs += this.retransmissionMs(from, to, departureMs, firstDie, baseMs)
    }
    if (this.slowMs.size > 0) transitMs += this.slowMs.get(pairOf(from, to)) ?? 0
    if (this.cloggedUntilMs.size === 0 && this.hindrances.size === 0) return transitMs
    let untilMs = this.cloggedUntilMs.get(pairOf(from, to)) ?? 0
    for (const hindrance of this.hindrances) {
      if (!hindrance.touches(from, to)) continue
      transitMs += hindrance.extraMs
      untilMs = Math.max(untilMs, hindrance.untilMs)
    }
    return transitMs + Math.max(0, untilMs - departureMs)
  }

  isCut(from: number, to: number): boolean {
    if (this.cuts.size === 0) return false
    for (const cut of this.cuts) if (cut.from.has(from) && cut.to.has(to)) return true
    return false
  }

  /** Nothing gets from one of `from` to one of `to` any more; the other direction is not touched. Returns what mends it. */
  cut(from: readonly number[], to: readonly number[]): () => void {
    const cut: Cut = { from: new Set(from), to: new Set(to) }
    this.cuts.add(cut)
    return () => {
      this.cuts.delete(cut)
    }
  }

  /** Messages from `from` to `to` take `extraMs` longer. */
  slow(from: number, to: number, extraMs: number): void {
    this.slowMs.set(pairOf(from, to), extraMs)
  }

  /** Messages from `from` to `to` are held back until `untilMs` and then all get through. */
  clog(from: number, to: number, untilMs: number): void {
    this.cloggedUntilMs.set(pairOf(from, to), untilMs)
  }

  /** As {@link slow} and {@link clog} for every link of a set. Returns what ends it. */
  hinder(touches: LinkSet, { extraMs = 0, untilMs = 0 }: { extraMs?: number; untilMs?: number }): () => void {
    const hindrance: Hindrance = { touches, extraMs, untilMs }
    this.hindrances.add(hindrance)
    return () => {
      this.hindrances.delete(hindrance)
    }
  }

  /** Undoes every cut, slowness and clog. Messages already held back keep their time. */
  heal(): void {
    this.cuts.clear()
    this.slowMs.clear()
    this.cloggedUntilMs.clear()
    this.hindrances.clear()
  }

  private retransmissionMs(from: number, to: number, departureMs: number, firstDie: number, baseMs: number): number {
    const { loss = 0 } = this.options
    let waitMs = Math.max(RETRANSMIT_MS_MIN, 2 * baseMs)
    let lateMs = 0
    for (let attempt = 1; attempt <= RETRANSMIT_COUNT_MAX; attempt++) {
      if (this.dice(from, to, departureMs, firstDie + attempt) >= loss) break
      lateMs += waitMs
      waitMs = Math.min(2 * waitMs, RETRANSMIT_MS_MAX)
    }
    return lateMs
  }

  /** Tells the messages of one link and instant apart, so that they do not share their luck. */
  private nthOfInstant(pair: number, atMs: number): number {
    if (this.instantMs !== atMs) {
      this.instantMs = atMs
      this.firstPair = pair
      this.firstPairSent = 1
      if (this.sentThisInstant.size > 0) this.sentThisInstant.clear()
      return 0
    }
    if (pair === this.firstPair) return this.firstPairSent++
    const nth = this.sentThisInstant.get(pair) ?? 0
    this.sentThisInstant.set(pair, nth + 1)
    return nth
  }

  /** In [0, 1), the same for the same seed and four numbers. */
  private dice(from: number, to: number, atMs: number, nth: number): number {
    const micros = atMs * 1000
    let mixed = avalanche(this.seed ^ Math.imul(from + 1, 0x9e3779b1))
    mixed = avalanche(mixed ^ Math.imul(to + 1, 0x85ebca77))
    mixed = avalanche(mixed ^ (micros >>> 0))
    mixed = avalanche(mixed ^ Math.imul(Math.floor(micros / 2 ** 32), 0xc2b2ae3d) ^ Math.imul(nth + 1, 0x27d4eb2f))
    return mixed / 2 ** 32
  }
}

function pairOf(from: number, to: number): number {
  return from * NODES_MAX + to
}
