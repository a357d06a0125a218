/**
 * What becomes of fragments whose lease is over. A sweep, some stripes each few seconds, deletes what has been over for a day; where a
 * put finds no room, what is over makes room at once, and nothing else ever does.
 */
import { abortFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { linkedController } from '../base/signals.ts'
import { passOver } from '../overlay/liveness.ts'
import type { Clock } from '../ports/clock.ts'
import type { HeldStripe } from '../ports/fragmentStore.ts'
import type { Random } from '../ports/random.ts'
import { heldPages } from './heldPages.ts'
import { EVICTION_PAGES_MAX, EXPIRY_GRACE_MS, SWEEP_EVERY_MS, SWEEP_PAUSE_MS, WALK_PAGE_STRIPES } from './limits.ts'
import { earliestExpiryMs, type Shelf } from './shelf.ts'

export interface ExpiryDeps {
  readonly clock: Clock
  readonly random: Random
  readonly shelf: Shelf
  /** Aborted when the node stops. */
  readonly ending: AbortSignal
}

export interface Swept {
  readonly fragments: number
  readonly bytes: number
}

export class Expiry {
  private readonly deps: ExpiryDeps
  private expired = 0
  private evicted = 0
  private evicting: Promise<boolean> | undefined
  /** Where the search for room goes on; from the first stripe when undefined. */
  private evictedUpTo: StripeId | undefined
  /** The first end of a lease that this round of the search has met. */
  private roundEarliestMs = Number.POSITIVE_INFINITY
  /** No lease ends before: a whole round has seen them all. A full node must not be searched for each put that it refuses. */
  private noneEndsBeforeMs = 0

  constructor(deps: ExpiryDeps) {
    this.deps = deps
  }

  /** Fragments that sweeps have deleted. */
  get expiredCount(): number {
    return this.expired
  }

  /** Fragments that made room for others, all of them after the end of their lease. */
  get evictedCount(): number {
    return this.evicted
  }

  start(): void {
    void this.sweepAgainAndAgain()
  }

  /** Told of every lease that is given. */
  onKept(expiresMs: number): void {
    this.roundEarliestMs = Math.min(this.roundEarliestMs, expiresMs)
    this.noneEndsBeforeMs = Math.min(this.noneEndsBeforeMs, expiresMs)
  }

  /** Deletes all whose lease has been over for a day; with `pauseMs` between two pages. Fails as the store does, and as `signal` says. */
  private async sweep(options: { readonly pauseMs: number; readonly signal: AbortSignal }): Promise<Swept> {
    const swept = { fragments: 0, bytes: 0 }
    for await (const page of heldPages(this.deps, options)) {
      const dropped = await this.dropEnded(page, EXPIRY_GRACE_MS)
      swept.fragments += dropped.fragments
      swept.bytes += dropped.bytes
      this.expired += dropped.fragments
      if (options.signal.aborted) throw abortFailure(options.signal)
    }
    return swept
  }

  /** The same at once. Fails also when the node stops. */
  async sweepNow(signal: AbortSignal | undefined): Promise<Swept> {
    const controller = linkedController(signal, this.deps.ending)
    try {
      return await this.sweep({ pauseMs: 0, signal: controller.signal })
    } finally {
      controller.release()
    }
  }

  /** Makes room of at least `bytes` out of what is over, as far as it finds that soon. Whether it has made any. */
  evict(bytes: number): Promise<boolean> {
    this.evicting ??= this.searchRoom(bytes).finally(() => {
      this.evicting = undefined
    })
    return this.evicting
  }

  private async searchRoom(neededBytes: number): Promise<boolean> {
    const { clock, shelf, ending } = this.deps
    let freedBytes = 0
    for (let pages = 0; pages < EVICTION_PAGES_MAX && freedBytes < neededBytes; pages++) {
      if (clock.now() < this.noneEndsBeforeMs) break
      const after = this.evictedUpTo
      const page = await shelf.list({ limit: WALK_PAGE_STRIPES, ...(after === undefined ? {} : { after }) })
      const dropped = await this.dropEnded(page, 0)
      this.evicted += dropped.fragments
      freedBytes += dropped.bytes
      this.onSearched(page)
      await clock.sleep(0, ending)
    }
    return freedBytes > 0
  }

  private onSearched(page: readonly HeldStripe[]): void {
    const nowMs = this.deps.clock.now()
    for (const { fragments } of page) {
      const staying = fragments.filter(({ lease }) => lease.expiresMs > nowMs)
      this.roundEarliestMs = Math.min(this.roundEarliestMs, earliestExpiryMs(staying))
    }
    const isRoundOver = page.length < WALK_PAGE_STRIPES
    this.evictedUpTo = isRoundOver ? undefined : page.at(-1)?.stripe
    if (!isRoundOver) return
    this.noneEndsBeforeMs = this.roundEarliestMs
    this.roundEarliestMs = Number.POSITIVE_INFINITY
  }

  /** Drops of these stripes what has been over for `graceMs`, as the lease says when it is dropped. */
  private async dropEnded(page: readonly HeldStripe[], graceMs: number): Promise<Swept> {
    const beforeMs = this.deps.clock.now() - graceMs
    const isEnded = ({ lease }: HeldStripe['fragments'][number]): boolean => lease.expiresMs <= beforeMs
    const ended = page.filter(({ fragments }) => fragments.some(isEnded))
    const dropped = (await Promise.all(ended.map(({ stripe }) => this.deps.shelf.drop(stripe, isEnded)))).flat()
    return { fragments: dropped.length, bytes: dropped.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  private async sweepAgainAndAgain(): Promise<void> {
    const { clock, random, ending } = this.deps
    while (!ending.aborted) {
      const jitterMs = random.integer(SWEEP_EVERY_MS / 4)
      await clock.sleep(SWEEP_EVERY_MS - jitterMs, ending).catch(passOver)
      // A disk that fails now is asked again an hour later.
      if (!ending.aborted) await this.sweep({ pauseMs: SWEEP_PAUSE_MS, signal: ending }).catch(passOver)
    }
  }
}
