/**
 * An overlay that knows who is there and is asked nothing: for simulated months, in which lookups would be nearly all of the work. What
 * the shipped overlay finds under churn and attack, its own scenarios measure.
 */
import { compareDistance, type NodeId, type Point } from '../src/base/id.ts'
import { REGION_SIZE } from '../src/overlay/limits.ts'
import { Overlay, type OverlayDeps } from '../src/overlay/overlay.ts'
import type { Region } from '../src/overlay/region.ts'
import type { IdOrder } from '../src/sim/idOrder.ts'

/** About as many as a table of the shipped overlay has in a network of some hundred nodes. */
const TABLE_SIZE = 60

export class KnowingOverlay extends Overlay {
  private readonly self: Point
  private readonly living: () => IdOrder

  /** `living`: everybody who is there, as far as that has got about. */
  constructor(deps: OverlayDeps, living: () => IdOrder) {
    super(deps)
    this.self = deps.network.self.id
    this.living = living
  }

  override start(): void {
    // Nothing is to be kept fresh.
  }

  override join(): Promise<number> {
    return Promise.resolve(this.networkSize())
  }

  override regions(points: readonly Point[]): Promise<readonly Region[]> {
    const order = this.living()
    return Promise.resolve(
      points.map((point) => ({
        point,
        members: order.nearest(point, this.atMost(REGION_SIZE)),
        silent: [],
        isHearsay: false,
      })),
    )
  }

  override isAmongNearest(point: Point, count: number): boolean {
    return this.rankAt(point, count) < count
  }

  override rankAt(point: Point, limit: number): number {
    const nearest = this.living().nearest(point, this.atMost(limit))
    const nearer = nearest.findIndex(({ id }) => compareDistance(point, this.self, id) <= 0)
    return nearer < 0 ? nearest.length : nearer
  }

  override contactIds(): readonly NodeId[] {
    return this.living()
      .nearest(this.self, this.atMost(TABLE_SIZE))
      .map(({ id }) => id)
  }

  override networkSize(): number {
    return this.living().contacts.length
  }

  override onRequestFailed(): void {
    // Whoever is gone is known to be soon enough.
  }

  private atMost(count: number): number {
    return Math.min(count, this.networkSize())
  }
}
