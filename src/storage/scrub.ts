/**
 * Verifies everything that this node keeps, again and again and slowly, and deletes what disks have damaged: who has lost a fragment
 * without knowing it is worse than who knows, since others count on it.
 */
import { abortFailure, isFailure } from '../base/failure.ts'
import { ID_BYTES, parseId, type StripeId } from '../base/id.ts'
import { present } from '../base/assert.ts'
import { linkedController } from '../base/signals.ts'
import { SECOND } from '../base/units.ts'
import { verifyFragment } from '../coding/stripe.ts'
import { passOver } from '../overlay/liveness.ts'
import type { Clock } from '../ports/clock.ts'
import type { HeldFragment, HeldStripe } from '../ports/fragmentStore.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import { heldPages } from './heldPages.ts'
import { SCRUB_BUSY_SHARE, SCRUB_BYTES_PER_S_MAX, SCRUB_PAUSE_MS_MAX, SCRUB_PAUSE_MS_MIN } from './limits.ts'
import type { Shelf } from './shelf.ts'

export interface ScrubDeps {
  readonly clock: Clock
  readonly random: Random
  readonly primitives: Primitives
  readonly shelf: Shelf
  /** Everything is verified once in this time. */
  readonly periodMs: number
  /** Aborted when the node stops. */
  readonly ending: AbortSignal
}

export interface Scrubbed {
  readonly fragments: number
  readonly bytes: number
  /** Of these: found damaged, and deleted. */
  readonly damaged: number
}

export interface ScrubOptions {
  /** Told after each fragment, of all that this walk has done so far. */
  readonly onProgress?: (soFar: Scrubbed) => void
  readonly signal?: AbortSignal
}

/** How a walk goes: milliseconds owed for each byte, and paid when they are worth a pause. */
interface Walk {
  readonly signal: AbortSignal
  readonly msPerByte: () => number
  readonly onProgress: (soFar: Scrubbed) => void
  soFar: Scrubbed
  owedMs: number
}

export class Scrub {
  private readonly deps: ScrubDeps
  private verified = 0
  private damaged = 0

  constructor(deps: ScrubDeps) {
    this.deps = deps
  }

  /** Fragments verified since the start, damaged ones included. */
  get verifiedCount(): number {
    return this.verified
  }

  /** Fragments that were damaged, and are deleted. */
  get damagedCount(): number {
    return this.damaged
  }

  start(): void {
    void this.scrubAgainAndAgain()
  }

  /** Verifies everything now, as fast as is allowed. Fails as the store does while it lists, as `signal` says, and when the node stops. */
  async all({ onProgress = ignore, signal }: ScrubOptions = {}): Promise<Scrubbed> {
    const controller = linkedController(signal, this.deps.ending)
    const walk = newWalk(controller.signal, () => SECOND / SCRUB_BYTES_PER_S_MAX, onProgress)
    try {
      await this.walk(walk, undefined)
      return walk.soFar
    } finally {
      controller.release()
    }
  }

  /** Deletes the fragment when it is damaged, or cannot be found where the index says it is. Whether it was. */
  async check(stripe: StripeId, index: number): Promise<boolean> {
    this.verified++
    if (await this.isSound(stripe, index)) return false
    const isDamaged = async (held: HeldFragment): Promise<boolean> =>
      // Looked at again when nobody else changes it: a sound one may have been put meanwhile.
      held.index === index && !(await this.isSound(stripe, index))
    const dropped = await this.deps.shelf.drop(stripe, isDamaged)
    this.damaged += dropped.length
    return dropped.length > 0
  }

  private async isSound(stripe: StripeId, index: number): Promise<boolean> {
    const fragment = await this.deps.shelf.get(stripe, index)
    return fragment !== undefined && verifyFragment(this.deps.primitives, stripe, fragment).ok
  }

  /** Begins anywhere, so that a node that is never up for a whole period leaves no part of its disk out. */
  private async scrubAgainAndAgain(): Promise<void> {
    const { clock, random, periodMs, ending } = this.deps
    const from = present(parseId<StripeId>(random.bytes(ID_BYTES)), 'a random id')
    while (!ending.aborted) {
      const startMs = clock.now()
      await this.walk(newWalk(ending, this.leisurely(), ignore), from).catch(passOver)
      await clock.sleep(Math.max(startMs + periodMs - clock.now(), periodMs / 100), ending).catch(passOver)
    }
  }

  /** So many milliseconds a byte that all there is takes most of the period, what is added on the way included. */
  private leisurely(): () => number {
    const { periodMs, shelf } = this.deps
    let mostBytes = 1
    return () => {
      mostBytes = Math.max(mostBytes, shelf.usedBytes)
      return Math.max((periodMs * SCRUB_BUSY_SHARE) / mostBytes, SECOND / SCRUB_BYTES_PER_S_MAX)
    }
  }

  /** Everything above `from`, then the rest. */
  private async walk(walk: Walk, from: StripeId | undefined): Promise<void> {
    const { signal } = walk
    const options = { pauseMs: 0, signal }
    for await (const page of heldPages(this.deps, from === undefined ? options : { ...options, after: from })) {
      for (const held of page) await this.checkStripe(walk, held)
    }
    if (from === undefined) return
    for await (const page of heldPages(this.deps, options)) {
      for (const held of page) {
        if (held.stripe > from) return
        await this.checkStripe(walk, held)
      }
    }
  }

  private async checkStripe(walk: Walk, { stripe, fragments }: HeldStripe): Promise<void> {
    for (const { index, bytes } of fragments) {
      const isDamaged = await this.check(stripe, index).catch(noVerdict)
      const { soFar } = walk
      walk.soFar = {
        fragments: soFar.fragments + 1,
        bytes: soFar.bytes + bytes,
        damaged: soFar.damaged + (isDamaged ? 1 : 0),
      }
      walk.onProgress(walk.soFar)
      await this.rest(walk, bytes)
    }
  }

  private async rest(walk: Walk, bytes: number): Promise<void> {
    walk.owedMs += bytes * walk.msPerByte()
    if (walk.signal.aborted) throw abortFailure(walk.signal)
    if (walk.owedMs < SCRUB_PAUSE_MS_MIN) return
    await this.deps.clock.sleep(Math.min(walk.owedMs, SCRUB_PAUSE_MS_MAX), walk.signal)
    walk.owedMs = 0
  }
}

function newWalk(signal: AbortSignal, msPerByte: () => number, onProgress: (soFar: Scrubbed) => void): Walk {
  return { signal, msPerByte, onProgress, soFar: { fragments: 0, bytes: 0, damaged: 0 }, owedMs: 0 }
}

/** A disk that cannot be read now has damaged nothing that is known; the next round looks again. */
function noVerdict(error: unknown): boolean {
  if (isFailure(error, 'closed')) throw error
  passOver(error)
  return false
}

function ignore(): void {
  // Nobody watches.
}
