/** The nodes that answer for a place in the space. */
import type { Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'

/** The live nodes around a point, this node included where it belongs. */
export interface Region {
  readonly point: Point
  /**
   * Nearest first: the nearest REGION_SIZE, and whoever else is as near as REGION_SIZE honest nodes are to be expected. Somewhat more
   * than REGION_SIZE as a rule, and more where ids crowd the point or many nodes lie.
   */
  readonly members: readonly Contact[]
  /** Nodes as near as those which did not answer or have left within the hour: they may hold what members lack. */
  readonly silent: readonly Contact[]
  /** From hearsay, up to some minutes old: good enough to read by, not to store by or to say that something is not there. */
  readonly isHearsay: boolean
}

export interface RegionOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether hearsay will do. */
  readonly hearsay?: boolean
}
