/** Placing one encoded stripe on holders of its regions, until it is acknowledged and, if it goes quickly, complete. */
import { present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import { deferred, linkedController } from '../base/signals.ts'
import type { NodeId } from '../base/id.ts'
import { encodeHeader } from '../coding/stripe.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { NodeIds } from '../crypto/nodeIds.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { Region } from '../overlay/region.ts'
import type { Clock } from '../ports/clock.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Messages } from '../wire/messages.ts'
import {
  BUSY_MS,
  HEDGE_STORE_MS,
  LEASE_MS,
  LINGER_MS,
  REGION_COUNT_MAX,
  STORE_BYTES,
  STORE_FRAGMENTS_MAX,
} from './limits.ts'
import type { DomainOf } from './failureDomain.ts'
import { Placement, type Batch } from './placement.ts'
import type { Stores } from './stores.ts'
import type { StoreWindow } from './storeWindow.ts'

export interface PlaceDeps {
  readonly clock: Clock
  readonly primitives: Primitives
  readonly ids: NodeIds
  readonly network: Network<Messages>
  readonly overlay: Overlay
  readonly window: StoreWindow
  readonly stores: Stores
  /** Who fails with whom; by addresses alone when absent. */
  readonly domainOf?: DomainOf
}

export interface PlaceOptions {
  readonly signal: AbortSignal
  readonly leaseMs?: number
  /** Whose word ends the leases early (release.ts). */
  readonly owner?: Bytes | undefined
  /** Fragments that are kept already, and by whom as far as known: only the others are placed. */
  readonly kept?: ReadonlyMap<number, Contact | undefined>
  /** Who gets nothing. */
  readonly except?: ReadonlySet<NodeId>
  /** Fragments that have got a holder in an earlier run of the same placing. None when absent. */
  readonly stored?: ReadonlySet<number>
  /** Called with fragments that have just got a holder. */
  readonly onStored?: (indices: readonly number[]) => void
  /** How long requests under way may finish after an abort; their fragments still count. By default they end at once. */
  readonly windUpMs?: number
}

/** How many regions a stripe of this many fragments has. */
export function regionCount(total: number): number {
  return Math.min(REGION_COUNT_MAX, total)
}

/**
 * Returns how many fragments are kept, those that were before included: all of them, or at least the acknowledged share. Fails with
 * `unreachable` when too few holders could be found, `no-space` when they had no room, or `aborted`.
 */
export async function placeStripe(deps: PlaceDeps, stripe: EncodedStripe, options: PlaceOptions): Promise<number> {
  const regions = await resolveRegions(deps, stripe, options.signal)
  return new StripePlacing(deps, stripe, withoutMembers(regions, options.except), options).run()
}

function resolveRegions(deps: PlaceDeps, stripe: EncodedStripe, signal: AbortSignal): Promise<readonly Region[]> {
  const points = Array.from({ length: regionCount(stripe.header.total) }, (_, region) =>
    regionPoint(deps.primitives, stripe.id, region),
  )
  return deps.overlay.regions(points, { signal })
}

function withoutMembers(regions: readonly Region[], except: ReadonlySet<NodeId> | undefined): readonly Region[] {
  if (except === undefined || except.size === 0) return regions
  return regions.map((region) => ({ ...region, members: region.members.filter(({ id }) => !except.has(id)) }))
}

class StripePlacing {
  private readonly deps: PlaceDeps
  private readonly stripe: EncodedStripe
  private readonly options: PlaceOptions
  private readonly headerBytes: Uint8Array
  private readonly placement: Placement
  private readonly finished = deferred<number>()
  private readonly controller: AbortController & { release(): void }
  /** Ends the requests, perhaps later than all else. */
  private readonly sending = new AbortController()
  private readonly sends = new Set<Promise<void>>()
  private readonly timers: (() => void)[] = []
  private lastRefusal: unknown
  private acknowledgedSeen = false

  constructor(deps: PlaceDeps, stripe: EncodedStripe, regions: readonly Region[], options: PlaceOptions) {
    this.deps = deps
    this.stripe = stripe
    this.options = options
    this.headerBytes = encodeHeader(stripe.header)
    const fragmentBytes = Math.max(1, stripe.fragments.find((fragment) => fragment !== undefined)?.length ?? 1)
    this.placement = new Placement({
      total: stripe.header.total,
      regions,
      ...(deps.domainOf === undefined ? {} : { domainOf: deps.domainOf }),
      ...(options.kept === undefined ? {} : { kept: options.kept }),
      fragmentsPerBatch: Math.max(1, Math.min(Math.floor(STORE_BYTES / fragmentBytes), STORE_FRAGMENTS_MAX)),
      ...(options.stored === undefined ? {} : { stored: options.stored }),
    })
    this.controller = linkedController(options.signal)
  }

  async run(): Promise<number> {
    const onAbort = (): void => {
      this.finished.reject(abortFailure(this.options.signal))
    }
    this.options.signal.addEventListener('abort', onAbort, { once: true })
    if (this.options.signal.aborted) onAbort()
    else this.pump()
    try {
      return await this.finished.promise
    } finally {
      for (const cancel of this.timers) cancel()
      this.options.signal.removeEventListener('abort', onAbort)
      this.controller.abort(new Failure('aborted', 'the stripe is placed'))
      this.controller.release()
      if (this.options.signal.aborted) await this.windUp()
      this.sending.abort(new Failure('aborted', 'the stripe is placed'))
    }
  }

  /** Waits for the receipts of what has been sent. */
  private async windUp(): Promise<void> {
    const { windUpMs = 0 } = this.options
    if (windUpMs === 0 || this.sends.size === 0) return
    const over = deferred<void>()
    const cancel = this.deps.clock.after(windUpMs, () => {
      over.resolve()
    })
    await Promise.race([Promise.all(this.sends), over.promise])
    cancel()
  }

  private pump(): void {
    for (let batch = this.placement.next(); batch !== undefined; batch = this.placement.next()) this.begin(batch)
    this.conclude()
  }

  private begin(batch: Batch): void {
    const sending = this.send(batch).finally(() => this.sends.delete(sending))
    this.sends.add(sending)
  }

  private async send(batch: Batch): Promise<void> {
    const { signal } = this.controller
    const bytes = batch.indices.reduce((sum, index) => sum + (this.stripe.fragments[index]?.length ?? 0), 0)
    let release: (() => void) | undefined
    try {
      release = await this.deps.window.acquire(bytes, signal)
      await this.store(batch)
      this.deps.window.onAnswered(bytes)
      const fresh = batch.indices.filter((index) => !this.placement.isStored(index))
      this.placement.onStored(batch)
      this.options.onStored?.(fresh)
    } catch (error) {
      if (signal.aborted) return
      await this.onSendFailed(batch, error)
    } finally {
      release?.()
    }
    if (!signal.aborted) this.pump()
  }

  private store(batch: Batch): Promise<void> {
    const { id, fragments, proofs } = this.stripe
    const request = {
      header: this.headerBytes as Uint8Array<ArrayBuffer>,
      region: batch.region,
      fragments: batch.indices.map((index) => ({ index, proof: present(proofs[index], 'each fragment has a proof') })),
      leaseMs: this.options.leaseMs ?? LEASE_MS,
      owner: this.options.owner,
      body: batch.indices.map((index) => present(fragments[index], 'each index has a fragment')),
    }
    const offer = { stripe: id, indices: batch.indices, request }
    return this.deps.stores.store(batch.contact, offer, this.sending.signal)
  }

  private async onSendFailed(batch: Batch, error: unknown): Promise<void> {
    this.lastRefusal = error
    this.deps.overlay.onRequestFailed(batch.contact, error)
    if (isFailure(error, 'timed-out') || isFailure(error, 'busy')) this.deps.window.onOverload()
    if (!isFailure(error, 'busy')) {
      this.placement.onFailed(batch)
      return
    }
    await this.deps.clock.sleep(BUSY_MS, this.controller.signal).catch(() => undefined)
    this.placement.onBusy(batch)
  }

  private conclude(): void {
    if (this.placement.complete) this.finished.resolve(this.placement.storedCount)
    else if (this.placement.acknowledged) this.onAcknowledged()
    else if (this.placement.stuck) this.finished.reject(this.failure())
  }

  private onAcknowledged(): void {
    if (this.placement.stuck) this.finished.resolve(this.placement.storedCount)
    if (this.acknowledgedSeen) return
    this.acknowledgedSeen = true
    this.timers.push(
      this.deps.clock.after(HEDGE_STORE_MS, () => {
        this.placement.hedge()
        this.pump()
      }),
      this.deps.clock.after(LINGER_MS, () => {
        this.finished.resolve(this.placement.storedCount)
      }),
    )
  }

  private failure(): Failure {
    const { total } = this.stripe.header
    const placed = this.placement.storedCount
    const why = this.lastRefusal instanceof Error ? ` (last: ${this.lastRefusal.message})` : ''
    const code = isFailure(this.lastRefusal, 'no-space') ? 'no-space' : 'unreachable'
    return new Failure(
      code,
      `only ${String(placed)} of ${String(total)} fragments found a holder${why}; try again when more nodes are up`,
      { details: { placed, total }, cause: this.lastRefusal },
    )
  }
}
