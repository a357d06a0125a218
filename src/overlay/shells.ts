/**
 * Prefix shells: the nodes that share exactly so many leading bits with a point. In a network of `size` nodes whose ids are random,
 * half are in shell 0, a quarter in shell 1 and so on, and nobody can change that far from the point without making as many ids.
 * That is what the region's radius, quotas and completeness are judged by.
 */
import { commonPrefixBits, distanceFraction, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { CORE_MAX, CROWDED_WIDENING, REGION_SIZE, REGION_WIDENING_MAX } from './limits.ts'

/** Nodes to be expected in a shell. */
export function expectedIn(shell: number, size: number): number {
  // Halved step by step: powers and logarithms are not the same on every engine.
  let expected = size / 2
  for (let nth = 0; nth < shell; nth++) expected /= 2
  return expected
}

/** The first shell in which less than one node is to be expected: it and all nearer ones are the core. */
export function coreShell(size: number): number {
  let shell = 0
  for (let left = size; left > 1; left /= 2) shell++
  return shell
}

/** So many nodes are in a shell by chance once in a million; a crowd is more. */
export function shellMax(shell: number, size: number): number {
  const expected = expectedIn(shell, size)
  return Math.ceil(expected + 5 * Math.sqrt(expected) + 4)
}

/**
 * How far a region reaches, as a fraction of the space: as far as REGION_SIZE honest nodes are to be expected, when a share of all
 * nodes lies.
 */
export function regionRadius(size: number, lyingShare: number): number {
  const widening = Math.min(REGION_WIDENING_MAX, 1 / Math.max(1e-9, 1 - lyingShare))
  return (REGION_SIZE * widening) / Math.max(1, size)
}

/** The outermost shell that has nodes within the radius. */
export function shellOfRadius(radius: number): number {
  let shell = 0
  for (let reach = 0.5; reach >= radius; reach /= 2) shell++
  return shell
}

/**
 * The members of the region around a point, out of the nodes that were found, nearest first both: the nearest REGION_SIZE, and
 * whoever else is within the radius, no more of each shell than chance would put there. So ids that were ground next to the point
 * crowd nobody out.
 */
export function membersOf<C extends Contact>(
  point: Point,
  found: readonly C[],
  { size, lyingShare }: { readonly size: number; readonly lyingShare: number },
): readonly C[] {
  const calm = regionRadius(size, lyingShare)
  const crowd = new ShellQuotas(point, size)
  const isCrowded = found.some(({ id }) => distanceFraction(point, id) < calm && !crowd.take(id))
  const radius = isCrowded ? calm * CROWDED_WIDENING : calm
  const quotas = new ShellQuotas(point, size)
  return found.filter((contact, place) => {
    const isWithin = place < REGION_SIZE || distanceFraction(point, contact.id) < radius
    const hasRoom = isWithin && quotas.take(contact.id)
    return hasRoom || place < REGION_SIZE
  })
}

/** Counts nodes by shell against what chance would put there; the core counts as one. */
export class ShellQuotas {
  private readonly point: Point
  private readonly size: number
  private readonly core: number
  private readonly counts = new Map<number, number>()

  constructor(point: Point, size: number) {
    this.point = point
    this.size = size
    this.core = coreShell(size)
  }

  /** Counts the node; false when its shell is full. */
  take(id: NodeId): boolean {
    const shell = Math.min(commonPrefixBits(this.point, id), this.core)
    const count = this.counts.get(shell) ?? 0
    if (count >= (shell === this.core ? CORE_MAX : shellMax(shell, this.size))) return false
    this.counts.set(shell, count + 1)
    return true
  }
}
