/** The checkers of overlays see what they are for, and let pass what could be true. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed, present } from '../../base/assert.ts'
import { Failure } from '../../base/failure.ts'
import type { NodeId, Point } from '../../base/id.ts'
import { MINUTE, SECOND } from '../../base/units.ts'
import { NodePrimitives } from '../../drivers/nodePrimitives.ts'
import type { Contact } from '../../ports/connection.ts'
import type { MessageMap, Network } from '../../ports/network.ts'
import { tinyId } from '../../testing/tinyId.ts'
import { bareWorld } from '../bareWorld.ts'
import { KeyedPrimitives } from '../keyedPrimitives.ts'
import { EveryId } from './everyId.ts'
import { checkRegion, isTrueRegion } from './regions.ts'
import { RequestsSettle } from './requestsSettle.ts'
import { soundTables, type SeenTable } from './soundTables.ts'

const primitives = new KeyedPrimitives(new NodePrimitives())
const IDS = [0b0000, 0b0001, 0b0010, 0b1000].map((bits) => tinyId(bits))
const [ZERO, ONE, TWO, EIGHT] = IDS as [NodeId, NodeId, NodeId, NodeId]

/** Four nodes with small ids, all up but those named. */
function fourNodes(down: readonly number[] = []) {
  return {
    nodeCount: 4,
    contact: (node: number) => ({ id: present(IDS[node], 'one of four') }),
    isUp: (node: number) => !down.includes(node),
  }
}

function contactsOf(...ids: readonly NodeId[]): Contact[] {
  return ids.map((id) => ({ id, addresses: [] }))
}

function tableWith(change: Partial<SeenTable> & { readonly ids?: readonly NodeId[] } = {}): SeenTable {
  const { ids = [ONE, TWO], ...rest } = change
  return {
    contactCount: ids.length,
    contacts: () => contactsOf(...ids),
    networkSize: () => 4,
    isAmongNearest: () => true,
    ...rest,
  }
}

/** Checks four nodes, of which the first has this table. */
function checkFirst(table: SeenTable, contactsMax = 3): void {
  const check = soundTables({
    tableOf: (_, node) => (node === 0 ? table : undefined),
    everyId: new EveryId(),
    contactsMax,
  })
  for (let event = 0; event < 4; event++) check(fourNodes())
}

test('a table that could be true passes', () => {
  checkFirst(tableWith())
  checkFirst(tableWith({ ids: [] }))
})

for (const [what, table, message] of [
  ['itself', tableWith({ ids: [ZERO] }), /is in its own table/],
  ['somebody twice', tableWith({ ids: [ONE, ONE] }), /twice/],
  ['a wrong count', tableWith({ contactCount: 1 }), /counts 1 contacts and has 2/],
  ['too many', tableWith({ ids: [ONE, TWO, EIGHT] }), /more than 2/],
  ['an invented node', tableWith({ ids: [tinyId(0b1111)] }), /who never existed/],
  ['no size', tableWith({ networkSize: () => NaN }), /for NaN nodes/],
  ['somebody nearer to itself', tableWith({ isAmongNearest: () => false }), /nearer to itself/],
] as const) {
  test(`a table with ${what} is seen`, () => {
    assert.throws(() => checkFirst(table, 2), message)
  })
}

test('every table gets its turn', () => {
  const seen: number[] = []
  const tableOf = (_: unknown, node: number): undefined => void seen.push(node)
  const check = soundTables({ tableOf, everyId: new EveryId(), contactsMax: 3 })
  for (let event = 0; event < 8; event++) check(fourNodes())
  assert.deepEqual(seen, [0, 1, 2, 3, 0, 1, 2, 3])
})

test('an id that started once has existed, also when its disk is lost', () => {
  const everyId = new EveryId()
  const gone = tinyId(0b1100)
  assert.ok(everyId.has(EIGHT, fourNodes()) && !everyId.has(gone, fourNodes()))
  everyId.add(gone)
  assert.ok(everyId.has(gone, fourNodes()))
  assert.equal(everyId.size, 5)
})

test('a region that could be true passes, and one that could not is seen', () => {
  const check = (members: readonly NodeId[], silent: readonly NodeId[] = []): void =>
    checkRegion(
      fourNodes(),
      { point: ZERO, members: contactsOf(...members), silent: contactsOf(...silent) },
      new EveryId(),
    )
  check([ZERO, ONE, TWO], [EIGHT])
  assert.throws(() => check([ONE, ZERO]), /nearest first/)
  assert.throws(() => check([ONE, ONE]), /nobody twice/)
  assert.throws(() => check([ONE], [ONE]), /nobody twice/)
  assert.throws(() => check([tinyId(0b0101)]), /who never existed/)
})

test('a true region begins with the nearest living nodes, whoever comes after them', () => {
  const point: Point = ZERO
  const region = (...members: readonly NodeId[]) => ({ point, members: contactsOf(...members), silent: [] })
  assert.ok(isTrueRegion(fourNodes(), region(ZERO, ONE), 2))
  assert.ok(isTrueRegion(fourNodes(), region(ZERO, ONE, EIGHT), 2))
  assert.ok(!isTrueRegion(fourNodes([1]), region(ZERO, ONE), 2))
  assert.ok(!isTrueRegion(fourNodes(), region(ZERO), 2))
  assert.ok(isTrueRegion(fourNodes([1, 2]), region(ZERO, EIGHT), 20))
  assert.ok(!isTrueRegion(fourNodes([1, 2]), region(ZERO, EIGHT, TWO), 20))
})

/** Two nodes, whose networks are watched; the first one's may be altered before. */
async function watchedPair(alter: (network: Network<MessageMap>) => Network<MessageMap> = (network) => network) {
  const world = bareWorld({ seed: 1, nodes: 2, primitives, link: { delayMs: [10, 10] } })
  const settling = new RequestsSettle()
  await world.run(0)
  const start = (node: number): Network<MessageMap> => {
    const { network, clock } = present(world.process(node), 'a process').ports
    const watched = settling.watch(alter(network), clock, node)
    watched.serve('ask', () => 'answer')
    watched.serve('never', () => new Promise(() => undefined))
    void watched.start({ onPeer: () => undefined, onPeerLost: () => undefined })
    return watched
  }
  const networks = [start(0), start(1)]
  const ask = (kind: string): Promise<unknown> =>
    present(networks[0], 'the first')
      .request(world.contact(1), kind, '', { timeoutMs: 5 * SECOND })
      .catch(() => 'failed')
  return { world, settling, ask, start }
}

test('requests that are answered, time out or die with their process have settled', async () => {
  const { world, settling, ask, start } = await watchedPair()
  const asked = Promise.all([ask('ask'), ask('never')])
  await world.run(MINUTE, { check: settling.check })
  assert.deepEqual(await asked, ['answer', 'failed'])
  assert.equal(settling.settledCount, 2)
  void ask('never')
  world.crash(0)
  await world.run(MINUTE, { check: settling.check })
  world.restart(0, { disk: 'kept' })
  await world.run(0)
  start(0)
  await world.run(MINUTE, { check: settling.check })
  assert.equal(settling.settledCount, 2)
})

test('a request that outlives its deadline is seen', async () => {
  const stuck = async (network: Network<MessageMap>): Promise<void> => {
    const { world, settling, ask } = await watchedPair(() => network)
    void ask('never')
    world.clock.after(10 * SECOND, () => undefined)
    await world.run(MINUTE, { check: settling.check })
  }
  await assert.rejects(
    stuck(neverSettling()),
    (error) => error instanceof AssertionFailed && error.message.includes('still waits'),
  )
})

/** A network that forgets its requests. */
function neverSettling(): Network<MessageMap> {
  return {
    self: { id: ZERO, addresses: [] },
    start: () => Promise.resolve(),
    request: () => new Promise(() => undefined),
    serve: () => undefined,
    close: () => Promise.reject(new Failure('closed', 'it is closed')),
  }
}
