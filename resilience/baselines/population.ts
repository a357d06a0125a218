/**
 * A converged Kademlia network as its global view: all ids in order, and from them the routing table that any node would have
 * after running for ever. Tables are drawn when first asked for, so that ten thousand nodes cost little.
 */
import { assert, present } from '../../src/base/assert.ts'
import type { NodeId, Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'

/** Ids are told apart by their first 32 bits: at 10,000 nodes two of them share these in one network of a hundred. */
const PREFIX_BITS = 32
const PREFIX_DIGITS = PREFIX_BITS / 4

export class Population {
  private readonly contacts: readonly Contact[]
  private readonly prefixes: Uint32Array
  private readonly places: ReadonlyMap<NodeId, number>
  private readonly bucketSize: number
  private readonly dice: SeededRandom
  private readonly tables: (readonly Contact[] | undefined)[] = []

  constructor(contacts: readonly Contact[], bucketSize: number, seed: number) {
    this.contacts = [...contacts].sort((a, b) => (a.id < b.id ? -1 : 1))
    this.prefixes = Uint32Array.from(this.contacts, ({ id }) => prefixOf(id))
    this.places = new Map(this.contacts.map(({ id }, place) => [id, place]))
    this.bucketSize = bucketSize
    this.dice = new SeededRandom(seed)
  }

  /** The converged table of a node: of every bucket all nodes, or `bucketSize` random ones. */
  tableOf(id: NodeId): readonly Contact[] {
    const place = present(this.places.get(id), 'a node of the population')
    return (this.tables[place] ??= this.drawTable(place))
  }

  /** The nearest `count` of the population for which `counts` holds, nearest first. */
  nearest(point: Point, count: number, counts: (contact: Contact) => boolean = () => true): readonly Contact[] {
    let found: readonly Contact[] = []
    for (let bits = PREFIX_BITS; bits >= 0 && found.length < count; bits--) {
      const [from, to] = this.subtree(prefixOf(point), bits)
      // A subtree this full holds the nearest even when only some of its nodes count.
      if (to - from >= count || bits === 0) found = this.contacts.slice(from, to).filter(counts)
    }
    return nearestOf(found, point, count)
  }

  private drawTable(place: number): readonly Contact[] {
    const own = this.prefixes[place] ?? 0
    const dice = this.dice.fork(`table ${place}`)
    const table: Contact[] = []
    for (let bits = 0; bits < PREFIX_BITS; bits++) {
      const [from, to] = this.subtree((own ^ (1 << (PREFIX_BITS - 1 - bits))) >>> 0, bits + 1)
      table.push(...this.some(from, to, dice))
      const [ownFrom, ownTo] = this.subtree(own, bits + 1)
      if (ownTo - ownFrom <= 1) break
    }
    return table
  }

  /** All contacts between two places, or `bucketSize` random ones of them. */
  private some(from: number, to: number, dice: SeededRandom): readonly Contact[] {
    if (to - from <= this.bucketSize) return this.contacts.slice(from, to)
    const places = new Set<number>()
    while (places.size < this.bucketSize) places.add(from + dice.integer(to - from))
    return [...places].map((place) => present(this.contacts[place], 'a place of the subtree'))
  }

  /** The places of all ids that share the first `bits` bits with `prefix`, as a half-open range. */
  private subtree(prefix: number, bits: number): readonly [number, number] {
    const span = 2 ** (PREFIX_BITS - bits)
    const first = Math.floor(prefix / span) * span
    return [this.placeOf(first), this.placeOf(first + span)]
  }

  /** How many ids are below `prefix`. */
  private placeOf(prefix: number): number {
    let [low, high] = [0, this.prefixes.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.prefixes[middle] ?? 0) < prefix) low = middle + 1
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
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ contact }) => contact)
}

/** The first 32 bits of a point as a number. */
export function prefixOf(point: Point): number {
  const prefix = Number.parseInt(point.slice(0, PREFIX_DIGITS), 16)
  assert(!Number.isNaN(prefix), 'a point has hexadecimal digits')
  return prefix
}
