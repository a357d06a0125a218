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
export interface UpkeepOptions {
  readonly signal?: AbortSignal
}

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

/**
 * `healthy`: every stripe has more than three quarters of its fragments, and survives the loss of any one node. `at-risk`: every
 * stripe can be rebuilt, but not so. `lost`: some stripe cannot be rebuilt, even with what silent nodes may keep.
 */
export type HealthState = 'healthy' | 'at-risk' | 'lost'

/** What holders say, not yet audits. A failure domain is a network: an IPv4 /24 or an IPv6 /48. */
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
  /** Of that segment: responsible nodes that are silent, and may come back. */
  readonly silent: number
  /** Of the same: missing fragments that they may keep, if they keep as many as those that answered. An estimate. */
  readonly away: number
  /** The other missing ones: aliveMin + away + gone is all. */
  readonly gone: number
  /** Nodes, and failure domains, that keep something of the stripe that has fewest. */
  readonly holders: number
  readonly domains: number
  /** What a failure domain is to the node that was asked: by addresses alone, or by the table that it was given. */
  readonly domainKind: 'subnet' | 'table'
  /** The largest share of any stripe's living fragments that lies in one failure domain. */
  readonly domainShareMax: number
  /**
   * The largest share of all nodes that may vanish at once now while the object survives with probability >= 1 - 1e-6. Below what
   * is true rather than above: a fragment that several nodes keep counts for one of them.
   */
  readonly survivesNow: number
  /** How many whole failure domains may vanish, whichever they are, while every stripe survives. */
  readonly survivesDomains: number
  /** Days until the loss of some stripe becomes as likely as 1 in 1,000 when nobody repairs and nodes leave for good. */
  readonly unattendedDays: number
  /** After how many days a node leaves for good on average, as that estimate supposes. */
  readonly nodeLifetimeDays: number
  readonly state: HealthState
}

export interface KeepResult {
  readonly stripes: number
  /** Fragments that are kept for as long as was asked, and those whose holders did not answer. */
  readonly fragments: number
  readonly unanswered: number
  /** When the first of the leases ends now, in ms since 1970; undefined when no holder answered. */
  readonly expiresMs: number | undefined
}

export interface ReleaseResult {
  readonly stripes: number
  /** Fragments forgotten, and those whose holders did not answer: these expire with their leases. */
  readonly fragments: number
  readonly unanswered: number
}

export interface RepairResult {
  readonly stripes: number
  /** Made again and placed. */
  readonly fragments: number
  readonly bytes: number
}

export interface Objects {
  /**
   * Stores the source's bytes. Settles when every segment is acknowledged: at least 0.9 of its fragments are kept by other nodes'
   * signed word. Fails with `unreachable`, `no-space`, `refused`, `aborted`, `invalid`; then nothing is promised.
   */
  put(source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutResult>
  /** Fails as stream does; with `invalid` for a capability that may not read. */
  open(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<OpenObject>
  /**
   * Asks the holders of every stripe. Works with a verify capability. Fails as open does, and with `unreachable` where too few of
   * the responsible nodes answer to tell a lost stripe from one whose holders are away.
   */
  health(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<Health>
  /** Extends the leases of all that is kept of it by `leaseMs` from now. Works with a verify capability. Fails as stream does. */
  keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult>
  /** Makes again, now, what no holder shows. Works with a verify capability. Fails as stream and put do. */
  repair(capability: Capability, options?: UpkeepOptions): Promise<RepairResult>
  /** Has the holders forget what this node has put. `invalid` for a capability that may not read; what others have put stays. */
  release(capability: Capability, options?: UpkeepOptions): Promise<ReleaseResult>
}
