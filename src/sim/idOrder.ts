/**
 * Contacts in the order of their ids, and who of them is nearest to a point: the view of somebody who knows everybody, such as
 * an attacker of its own nodes. Takes microseconds at any size.
 */
import { compareDistance, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'

/** Ranges are found by the first 32 bits; what shares these is compared in full. */
const PREFIX_BITS = 32
const PREFIX_DIGITS = PREFIX_BITS / 4

export class IdOrder {
  /** Ascending by id. */
  readonly contacts: readonly Contact[]
  private readonly prefixes: Uint32Array

  constructor(contacts: readonly Contact[]) {
    this.contacts = [...contacts].sort((a, b) => (a.id < b.id ? -1 : 1))
    this.prefixes = Uint32Array.from(this.contacts, ({ id }) => prefixOf(id))
  }

  /** The nearest `count` for which `counts` holds, nearest first. */
  nearest(point: Point, count: number, counts: (contact: Contact) => boolean = () => true): readonly Contact[] {
    for (let bits = PREFIX_BITS; ; bits--) {
      const [from, to] = this.subtree(prefixOf(point), bits)
      if (to - from < count && bits > 0) continue
      const found = this.contacts.slice(from, to).filter(counts)
      if (found.length >= count || bits === 0) return nearestOf(found, point, count)
    }
  }

  /** The places in {@link contacts} of all ids that share their first `bits` bits with `prefix`, as a half-open range. */
  subtree(prefix: number, bits: number): readonly [number, number] {
    const span = 2 ** (PREFIX_BITS - bits)
    const first = Math.floor(prefix / span) * span
    return [this.placeOf(first), this.placeOf(first + span)]
  }

  /** The place of an id; -1 when it is not among the contacts. */
  find(id: NodeId): number {
    for (let place = this.placeOf(prefixOf(id)); place < this.contacts.length; place++) {
      const other = this.contacts[place]?.id
      if (other === id) return place
      if (other === undefined || other > id) break
    }
    return -1
  }

  /** How many ids are below `prefix`. */
  private placeOf(prefix: number): number {
    let [low, high] = [0, this.prefixes.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.prefixes[middle] as number) < prefix) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The `count` contacts nearest to the point, nearest first. */
export function nearestOf(contacts: readonly Contact[], point: Point, count: number): readonly Contact[] {
  const target = prefixOf(point)
  return contacts
    .map((contact) => ({ contact, distance: (prefixOf(contact.id) ^ target) >>> 0 }))
    .sort((a, b) => a.distance - b.distance || compareDistance(point, a.contact.id, b.contact.id))
    .slice(0, count)
    .map(({ contact }) => contact)
}

/** The first 32 bits of a point as a number. */
export function prefixOf(point: Point): number {
  return Number.parseInt(point.slice(0, PREFIX_DIGITS), 16)
}
