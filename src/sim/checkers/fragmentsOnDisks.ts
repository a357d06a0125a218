/** What lies on the disks of a world, seen from above: what checkers of storage look at, and the truth behind health. */
import type { NodeId, StripeId } from '../../base/id.ts'
import type { FragmentDisk } from '../memory/fragmentStore.ts'

/** What the checkers need of a world; every world has it. */
export interface WithDisks {
  readonly nodeCount: number
  readonly clock: { now(): number }
  isUp(node: number): boolean
  contact(node: number): { readonly id: NodeId }
  disk(node: number): { readonly fragments: FragmentDisk }
}

/** Distinct fragments of the stripe on the disks of nodes that are up. */
export function fragmentsAlive(world: WithDisks, stripe: StripeId): ReadonlySet<number> {
  const alive = new Set<number>()
  for (let node = 0; node < world.nodeCount; node++) {
    if (!world.isUp(node)) continue
    for (const index of world.disk(node).fragments.get(stripe)?.keys() ?? []) alive.add(index)
  }
  return alive
}

/** Fragments of all stripes. Counting is cheap enough to tell after every event whether a disk has changed. */
export function fragmentCount(disk: FragmentDisk): number {
  let count = 0
  for (const byIndex of disk.values()) count += byIndex.size
  return count
}

/** Every stripe of which any disk has a fragment, also of nodes that are down. */
export function stripesOnDisks(world: WithDisks): ReadonlySet<StripeId> {
  const stripes = new Set<StripeId>()
  for (let node = 0; node < world.nodeCount; node++) {
    for (const stripe of world.disk(node).fragments.keys()) stripes.add(stripe)
  }
  return stripes
}
