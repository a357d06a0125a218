/** What the layers above may do with immutable objects, in types. storage/objectStore.ts does it. */
import type { Bytes } from '../base/bytes.ts'
import type { Capability } from '../crypto/link.ts'

export interface PutOptions {
  /** Share of all nodes that may vanish at once: 0 < survive < 1. The network's default when absent. */
  readonly survive?: number
  /** Media type, kept enciphered with the content. At most 255 characters. */
  readonly type?: string
  /**
   * What the caller calls this content, any bytes. A put that was interrupted goes on when it is put again by the same key, survive and
   * type, and has the same capability. Puts of one key wait for one another. Content that has changed meanwhile is refused as `invalid`
   * with `changed` in its details; put once more it begins afresh.
   */
  readonly resumeKey?: Uint8Array
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PutProgress) => void
}

export interface PutProgress {
  /** Of content read so far. */
  readonly bytes: number
  readonly fragmentsPlaced: number
  /** Of the segments begun so far; grows while the source goes on. */
  readonly fragmentsTotal: number
}

/** Of one segment of the largest code used; `placed` of the segment that has fewest. */
export interface FragmentCounts {
  readonly needed: number
  readonly total: number
  readonly placed: number
}

export interface PutResult {
  readonly capability: Capability
  readonly bytes: number
  /** Data segments; 0 when the content stands in the root itself. */
  readonly segments: number
  readonly fragments: FragmentCounts
  /** Fragments that were not sent, for an earlier put of the same key had placed them; absent when there are none. */
  readonly fragmentsResumed?: number
}

/** First and last byte, both included, as in HTTP; `end` at most size - 1. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface OpenObject {
  readonly size: number
  /** Empty when none was given. */
  readonly type: string
  /**
   * The bytes in order, verified, in chunks of at most 256 KiB. Fails with `not-found`, `unreachable`, `timed-out`, `refused`,
   * `damaged` or `aborted`; never ends early without failing. Returning early stops all work behind it.
   */
  stream(options?: { readonly range?: ByteRange; readonly signal?: AbortSignal }): AsyncIterable<Bytes>
}

export type HealthState = 'healthy' | 'repairing' | 'at-risk' | 'lost'

export interface Health {
  /** Content bytes. */
  readonly bytes: number
  readonly segments: number
  /** Of the largest code used. */
  readonly needed: number
  readonly total: number
  /** Distinct fragments that holders say they keep, averaged over the segments of that code and rounded down. */
  readonly alive: number
  /** The same of the segment that has fewest. */
  readonly aliveMin: number
  /** The largest share of all nodes that may vanish at once now while every stripe survives with probability >= 1 - 1e-6. */
  readonly survivesNow: number
  readonly state: HealthState
}

export interface Objects {
  /**
   * Stores the source's bytes. Settles when every segment is acknowledged: at least 0.9 of its fragments are kept by other nodes'
   * signed word. Fails with `unreachable`, `no-space`, `refused`, `aborted`, `invalid`; then nothing is promised.
   */
  put(source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutResult>
  /** Fails as stream does; with `invalid` for a capability that may not read. */
  open(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<OpenObject>
  /** Asks the holders of every stripe. Works with a verify capability. */
  health(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<Health>
}
