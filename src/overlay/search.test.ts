/** Searches over a network that answers at once: what a node's view of the network learns from them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../base/bytes.ts'
import { present } from '../base/assert.ts'
import type { NodeId, Point } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import { groundIdsNearerThan } from '../sim/attackers/groundIds.ts'
import { IdOrder } from '../sim/idOrder.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import type { Messages } from '../wire/messages.ts'
import { REGION_SIZE, SIZE_SAMPLES } from './limits.ts'
import { Liveness } from './liveness.ts'
import { RoutingTable } from './routingTable.ts'
import { Search } from './search.ts'

const SIZE = 1000
const random = new SeededRandom(7)

function randomPoint(): Point {
  return toHex(random.bytes(32)) as Point
}

function contactOf(id: NodeId): Contact {
  return { id, addresses: [] }
}

/** A search at a node that knows 200 of the others, all of whom know everybody. */
function searchAmong(everybody: IdOrder): Search {
  const clock = { now: () => 0 } as unknown as Clock
  const network = {
    request: (_peer: Contact, _kind: string, { target }: { readonly target: Point }) =>
      Promise.resolve({ contacts: everybody.nearest(target, REGION_SIZE) }),
  } as unknown as Network<Messages>
  const table = new RoutingTable(randomPoint() as never)
  for (const contact of everybody.contacts.slice(0, 200)) table.onAnswered(contact, 0)
  const liveness = new Liveness({ clock, network, table, ending: new AbortController().signal })
  return new Search({ clock, network, table, liveness })
}

test('a walk to a point of its own tells a node how large the network is', async () => {
  const honest = Array.from({ length: SIZE }, () => contactOf(randomPoint() as never))
  const search = searchAmong(new IdOrder(honest))
  for (let nth = 0; nth < SIZE_SAMPLES; nth++) await search.walk(randomPoint())
  assert.ok(Math.abs(search.networkSize() / SIZE - 1) < 0.25, `estimated ${search.networkSize()}`)
})

test('links to places that somebody crowds do not make a node believe in a larger network', async () => {
  const honest = Array.from({ length: SIZE }, () => contactOf(randomPoint() as never))
  const truth = new IdOrder(honest)
  const wanted = Array.from({ length: SIZE_SAMPLES }, randomPoint)
  const ground = wanted.flatMap((point) =>
    groundIdsNearerThan(point, present(truth.nearest(point, 1)[0], 'a node').id, 2 * REGION_SIZE, random),
  )
  const search = searchAmong(new IdOrder([...honest, ...ground.map(contactOf)]))
  for (let nth = 0; nth < SIZE_SAMPLES / 2; nth++) await search.walk(randomPoint())
  for (const point of wanted) await search.lookup(point)
  assert.ok(search.networkSize() < 2.5 * SIZE, `estimated ${search.networkSize()}`)
})
