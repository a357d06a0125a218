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
}
