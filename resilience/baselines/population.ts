/**
 * A converged Kademlia network as its global view: all ids in order, and from them the routing table that any node would have
 * after running for ever. Tables are drawn when first asked for, so that ten thousand nodes cost little.
 */
import { assert, present } from '../../src/base/assert.ts'
import type { NodeId, Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { IdOrder, prefixOf } from '../../src/sim/idOrder.ts'
import { SeededRandom } from '../../src/sim/seededRandom.ts'

/** Buckets deeper than this hold no two nodes of 10,000 in one network of a hundred. */
const BUCKETS_MAX = 32

export class Population {
  private readonly order: IdOrder
  private readonly newcomers: ReadonlySet<NodeId>
  private readonly bucketSize: number
  private readonly dice: SeededRandom
  private readonly tables = new Map<NodeId, readonly Contact[]>()

  /** `newcomers` came when the tables of the others had converged: they are in buckets that had room, and evict nobody. */
  constructor(contacts: readonly Contact[], bucketSize: number, seed: number, newcomers: readonly Contact[] = []) {
    this.order = new IdOrder([...contacts, ...newcomers])
    this.newcomers = new Set(newcomers.map(({ id }) => id))
    this.bucketSize = bucketSize
    this.dice = new SeededRandom(seed)
  }

  /** The converged table of a node: of every bucket all nodes, or `bucketSize` random ones. */
  tableOf(id: NodeId): readonly Contact[] {
    const known = this.tables.get(id)
    if (known !== undefined) return known
    const table = this.drawTable(id)
    this.tables.set(id, table)
    return table
  }

  /** The nearest `count` of the population for which `counts` holds, nearest first. */
  nearest(point: Point, count: number, counts?: (contact: Contact) => boolean): readonly Contact[] {
    return this.order.nearest(point, count, counts)
  }

  private drawTable(id: NodeId): readonly Contact[] {
    assert(this.order.find(id) >= 0, 'a node of the population')
    const prefix = prefixOf(id)
    const dice = this.dice.fork(id)
    const table: Contact[] = []
    for (let bits = 0; bits < BUCKETS_MAX; bits++) {
      const [from, to] = this.order.subtree((prefix ^ (1 << (BUCKETS_MAX - 1 - bits))) >>> 0, bits + 1)
      table.push(...this.some(from, to, dice))
      const [ownFrom, ownTo] = this.order.subtree(prefix, bits + 1)
      if (ownTo - ownFrom <= 1) break
    }
    return table
  }

  /** All contacts between two places, or `bucketSize` random ones of them, newcomers only where room is left. */
  private some(from: number, to: number, dice: SeededRandom): readonly Contact[] {
    const all = this.order.contacts.slice(from, to)
    if (all.length <= this.bucketSize) return all
    if (this.newcomers.size === 0) return sample(all, this.bucketSize, dice)
    const old = all.filter(({ id }) => !this.newcomers.has(id))
    const chosen = sample(old, this.bucketSize, dice)
    const late = all.filter(({ id }) => this.newcomers.has(id))
    return [...chosen, ...sample(late, this.bucketSize - chosen.length, dice)]
  }
}

/** All of them, or `count` random ones. */
function sample(contacts: readonly Contact[], count: number, dice: SeededRandom): readonly Contact[] {
  if (contacts.length <= count) return contacts
  const places = new Set<number>()
  while (places.size < count) places.add(dice.integer(contacts.length))
  return [...places].map((place) => present(contacts[place], 'a place among them'))
}
