/** How many connections a node has and makes, beside how many it may: what bounds its load on the household's router. */
import { CONNECTIONS_MAX, DIALS_AT_ONCE_MAX, DIALS_PER_MINUTE_MAX } from './limits.ts'

/** What a node may have and do at most. */
export interface ConnectionBounds {
  readonly connectionsMax: number
  readonly dialsPerMinuteMax: number
  /** Dials saved up while there were fewer. */
  readonly dialsAtOnceMax: number
}

export const USUAL_BOUNDS: ConnectionBounds = {
  connectionsMax: CONNECTIONS_MAX,
  dialsPerMinuteMax: DIALS_PER_MINUTE_MAX,
  dialsAtOnceMax: DIALS_AT_ONCE_MAX,
}

/** The most of a second's bytes in each direction; undefined for no bound. */
export interface ByteRates {
  readonly upBytesPerSecond?: number
  readonly downBytesPerSecond?: number
}

/** As `status` tells it. Counts are since the start. */
export interface ConnectionCounts extends ByteRates {
  readonly open: number
  readonly openMax: number
  readonly dialsPerMinuteMax: number
  /** Dials that were refused because there had been too many, or because no connection could make way. */
  readonly dialsRefused: number
  /** Peers who dialled in and were told that there is no room. */
  readonly declined: number
  /** Idle connections that made way for others. */
  readonly displaced: number
}
