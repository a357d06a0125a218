/**
 * All of a node that keeps things for others, put together: the shelf, who may use it, who answers for it, and what looks after it. Makes
 * the parts and starts them; what they do stands in their own files.
 */
import { Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { passOver } from '../overlay/liveness.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { Messages } from '../wire/messages.ts'
import { Admission } from './admission.ts'
import { Expiry, type Swept } from './expiry.ts'
import { heldPages } from './heldPages.ts'
import { Holder, type HolderDeps } from './holder.ts'
import { COUNT_PAUSE_MS, SCRUB_PERIOD_MS } from './limits.ts'
import { Scrub, type Scrubbed, type ScrubOptions } from './scrub.ts'
import { Shelf } from './shelf.ts'

export interface StorekeeperDeps extends Pick<HolderDeps, 'clock' | 'primitives' | 'signer' | 'overlay' | 'events'> {
  readonly random: Random
  readonly fragments: FragmentStore
}

export interface StorekeeperConfig {
  /** As the store has it: bytes of fragments that this node offers to keep; undefined for no bound but the disk. */
  readonly quotaBytes?: number | undefined
  /** Everything kept is verified once in this time; {@link SCRUB_PERIOD_MS} when absent. */
  readonly scrubPeriodMs?: number | undefined
}

/** What a node's status says of what it keeps. */
export interface StorageStatus {
  readonly fragments: number
  readonly bytes: number
  /** Bytes that this node offers; undefined for no bound but the disk. */
  readonly quotaBytes: number | undefined
  /** `ok`; why the store takes nothing now; or `rationed`, and what one sender may have. */
  readonly state: string
  /** Fragments deleted since the start: after the end of their lease; to make room, which only takes those too; found damaged. */
  readonly expired: number
  readonly evicted: number
  readonly damaged: number
  /** Fragments verified since the start. */
  readonly scrubbed: number
}

export interface StorageUsage {
  readonly fragments: number
  readonly bytes: number
  readonly quotaBytes: number | undefined
  /** Who has most here, at most {@link SENDERS_TOLD_MAX}. */
  readonly senders: readonly { readonly id: NodeId; readonly bytes: number }[]
  /** Not yet soon after a start: then senders may have more. */
  readonly hasCountedAll: boolean
}

const SENDERS_TOLD_MAX = 20

export class Storekeeper {
  private readonly deps: StorekeeperDeps
  private readonly quotaBytes: number | undefined
  private readonly shelf: Shelf
  private readonly admission: Admission
  private readonly expiry: Expiry
  private readonly scrub: Scrub
  private readonly holder: Holder
  private readonly ending = new AbortController()

  constructor(deps: StorekeeperDeps, { quotaBytes, scrubPeriodMs = SCRUB_PERIOD_MS }: StorekeeperConfig) {
    const ending = this.ending.signal
    this.deps = deps
    this.quotaBytes = quotaBytes
    this.admission = new Admission(quotaBytes)
    this.shelf = new Shelf(deps.fragments, this.admission)
    const { shelf, admission } = this
    this.expiry = new Expiry({ ...deps, shelf, ending })
    this.scrub = new Scrub({ ...deps, shelf, periodMs: scrubPeriodMs, ending })
    this.holder = new Holder({ ...deps, shelf, admission, expiry: this.expiry, scrub: this.scrub })
  }

  /** Answers other nodes. Call before the network starts. */
  serve(network: Network<Messages>): void {
    this.holder.serve(network)
  }

  /** Begins looking after what is kept. */
  start(): void {
    void this.count().catch(passOver)
    this.expiry.start()
    this.scrub.start()
  }

  stop(): void {
    this.ending.abort(new Failure('closed', 'this node is stopping'))
  }

  /** Takes nothing in any more; still gives back what it keeps. */
  leave(): void {
    this.holder.leave()
  }

  status(): StorageStatus {
    const usage = this.deps.fragments.usage()
    return {
      fragments: usage.fragmentCount,
      bytes: usage.bytes,
      quotaBytes: this.quotaBytes,
      state: this.stateAt(usage.bytes),
      expired: this.expiry.expiredCount,
      evicted: this.expiry.evictedCount,
      damaged: this.scrub.damagedCount,
      scrubbed: this.scrub.verifiedCount,
    }
  }

  usage(): StorageUsage {
    const { fragments, bytes, quotaBytes } = this.status()
    const { hasCountedAll } = this.admission
    return { fragments, bytes, quotaBytes, senders: this.admission.occupancy(SENDERS_TOLD_MAX), hasCountedAll }
  }

  /** Verifies everything kept now, and deletes what is damaged. Fails as the store does, as `signal` says, and when the node stops. */
  verify(options: ScrubOptions = {}): Promise<Scrubbed> {
    return this.scrub.all(options)
  }

  /** Deletes now what has expired, less the grace of a day. Fails as verify does. */
  gc(options: { readonly signal?: AbortSignal } = {}): Promise<Swept> {
    return this.expiry.sweepNow(options.signal)
  }

  private stateAt(usedBytes: number): string {
    const { storeState } = this.holder
    const rationing = this.admission.rationing(usedBytes)
    return storeState === 'ok' && rationing !== undefined ? `rationed: ${rationing}` : storeState
  }

  /** Who has how much here, without keeping anybody waiting. */
  private async count(): Promise<void> {
    const { clock } = this.deps
    const walk = { pauseMs: COUNT_PAUSE_MS, signal: this.ending.signal }
    try {
      for await (const page of heldPages({ clock, shelf: this.shelf }, walk)) this.admission.onCounted(page)
    } finally {
      // Where the disk could not be read, what it holds is nobody's until it is put again or gone.
      this.admission.onAllCounted()
    }
  }
}
