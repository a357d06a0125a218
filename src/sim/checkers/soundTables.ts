/**
 * A checker: what a node's table says of the network could be true. It names others and not itself, each once, nobody who
 * never existed, and no more than it may. Looks at one node after each event, at every node in turn.
 */
import { assert } from '../../base/assert.ts'
import type { Point } from '../../base/id.ts'
import type { Contact } from '../../ports/connection.ts'
import type { EveryId, WithContacts } from './everyId.ts'

/** What an overlay lets others see of its table. */
export interface SeenTable {
  readonly contactCount: number
  contacts(): readonly Contact[]
  networkSize(): number
  isAmongNearest(point: Point, count: number): boolean
}

export interface SoundTablesOptions<W> {
  /** The table of a node; undefined while it has none. */
  readonly tableOf: (world: W, node: number) => SeenTable | undefined
  readonly everyId: EveryId
  readonly contactsMax: number
}

/** One checker serves one world. */
export function soundTables<W extends WithContacts>(options: SoundTablesOptions<W>): (world: W) => void {
  let next = 0
  return (world) => {
    const node = next++ % world.nodeCount
    const table = options.tableOf(world, node)
    if (table !== undefined) checkTable(world, node, table, options)
  }
}

function checkTable<W extends WithContacts>(
  world: W,
  node: number,
  table: SeenTable,
  { everyId, contactsMax }: SoundTablesOptions<W>,
): void {
  const self = world.contact(node).id
  const ids = table.contacts().map(({ id }) => id)
  assert(!ids.includes(self), `node ${node} is in its own table`)
  assert(new Set(ids).size === ids.length, `node ${node} has somebody in its table twice`)
  assert(table.contactCount === ids.length, `node ${node} counts ${table.contactCount} contacts and has ${ids.length}`)
  assert(ids.length <= contactsMax, `node ${node} has ${ids.length} contacts, more than ${contactsMax}`)
  for (const id of ids) assert(everyId.has(id, world), `node ${node} knows ${id.slice(0, 8)}, who never existed`)
  const size = table.networkSize()
  assert(Number.isFinite(size) && size >= 1, `node ${node} takes the network for ${size} nodes`)
  assert(table.isAmongNearest(self, 1), `node ${node} counts somebody as nearer to itself than itself`)
}
