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
  private readonly old: IdOrder
  private readonly late: IdOrder | undefined
  private readonly bucketSize: number
  private readonly dice: SeededRandom
  private readonly tables = new Map<NodeId, readonly Contact[]>()

  /** `newcomers` came when the tables of the others had converged: they are in buckets that had room, and evict nobody. */
  constructor(contacts: readonly Contact[], bucketSize: number, seed: number, newcomers: readonly Contact[] = []) {
    this.order = new IdOrder([...contacts, ...newcomers])
    this.old = newcomers.length === 0 ? this.order : new IdOrder(contacts)
    this.late = newcomers.length === 0 ? undefined : new IdOrder(newcomers)
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
      table.push(...this.some((prefix ^ (1 << (BUCKETS_MAX - 1 - bits))) >>> 0, bits + 1, dice))
      const [ownFrom, ownTo] = this.order.subtree(prefix, bits + 1)
      if (ownTo - ownFrom <= 1) break
    }
    return table
  }

  /** All contacts of a subtree, or `bucketSize` random ones of them, newcomers only where room is left. */
  private some(prefix: number, bits: number, dice: SeededRandom): readonly Contact[] {
    const [from, to] = this.old.subtree(prefix, bits)
    const chosen = sample(this.old.contacts, from, to, this.bucketSize, dice)
    if (this.late === undefined) return chosen
    const [lateFrom, lateTo] = this.late.subtree(prefix, bits)
    return [...chosen, ...sample(this.late.contacts, lateFrom, lateTo, this.bucketSize - chosen.length, dice)]
  }
}

/** All contacts between two places, or `count` random ones. */
function sample(
  contacts: readonly Contact[],
  from: number,
  to: number,
  count: number,
  dice: SeededRandom,
): readonly Contact[] {
  if (to - from <= count) return contacts.slice(from, to)
  const places = new Set<number>()
  while (places.size < count) places.add(from + dice.integer(to - from))
  return [...places].map((place) => present(contacts[place], 'a place among them'))
}
