/**
 * Ids next to a key, as an attacker grinds them by trying keys until one fits. What its nodes do there is another attack's
 * business: nothing (passive: they refuse what they should keep), or lying (liar.ts).
 */
import { toHex } from '../../base/bytes.ts'
import { ID_BYTES, idBytes, type NodeId, type Point } from '../../base/id.ts'
import type { Random } from '../../ports/random.ts'

/** A random id that shares at least its first `bits` bits with the point. An attacker needs 2^bits tries for it. */
export function groundIdNear(point: Point, bits: number, random: Random): NodeId {
  const id = random.bytes(ID_BYTES)
  const key = idBytes(point)
  for (let at = 0; 8 * at < bits; at++) {
    const ground = Math.min(8, bits - 8 * at)
    const mask = 0xff << (8 - ground)
    id[at] = ((key[at] ?? 0) & mask) | ((id[at] ?? 0) & ~mask)
  }
  return toHex(id) as NodeId
}

/** `count` ids that are all nearer to the point than `rival`, spread evenly over the space there is, as grinding gives them. */
export function groundIdsNearerThan(point: Point, rival: Point, count: number, random: Random): readonly NodeId[] {
  const limit = firstBits(point, rival)
  const shared = Math.clz32(limit)
  const ids: NodeId[] = []
  while (ids.length < count) {
    const id = groundIdNear(point, shared, random)
    if (firstBits(point, id) < limit) ids.push(id)
  }
  return ids
}

/** The first 32 bits of the distance between two points. */
function firstBits(a: Point, b: Point): number {
  return (Number.parseInt(a.slice(0, 8), 16) ^ Number.parseInt(b.slice(0, 8), 16)) >>> 0
}
