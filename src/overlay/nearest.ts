/**
 * The nearest of some contacts, without putting the others in order: every reply of every node needs them, so this is the loop in
 * which a network spends most of its time. It reads the ids' first bits from beside the contacts, and few of the contacts themselves.
 */
import { compareDistance, idPrefix, type NodeId, type Point } from '../base/id.ts'

/** Contacts, and beside each the first 32 bits of its id. */
export interface Shelf<C extends { readonly id: NodeId }> {
  readonly live: readonly C[]
  readonly prefixes: readonly number[]
}

const SIGN = 0x8000_0000

/** Up to `count` of the contacts on all shelves, nearest to `point` first. */
export function nearestOn<C extends { readonly id: NodeId }>(
  point: Point,
  shelves: readonly Shelf<C>[],
  count: number,
): C[] {
  const prefix = idPrefix(point) ^ SIGN
  const nearest: C[] = []
  // The first bits of the distances, in their order also as signed integers, which are the small ones.
  const keys: number[] = []
  if (count <= 0) return nearest
  for (const { live, prefixes } of shelves) {
    for (let nth = 0; nth < live.length; nth++) {
      const key = (prefixes[nth] as number) ^ prefix
      let at = nearest.length
      if (at >= count && key > (keys[at - 1] as number)) continue
      const contact = live[nth] as C
      if (at >= count) {
        // The farthest makes way, if it is that.
        at--
        if (key === keys[at] && compareDistance(point, (nearest[at] as C).id, contact.id) < 0) continue
      }
      for (; at > 0; at--) {
        const other = nearest[at - 1] as C
        const otherKey = keys[at - 1] as number
        if (otherKey < key || (otherKey === key && compareDistance(point, other.id, contact.id) < 0)) break
        nearest[at] = other
        keys[at] = otherKey
      }
      nearest[at] = contact
      keys[at] = key
    }
  }
  return nearest
}
