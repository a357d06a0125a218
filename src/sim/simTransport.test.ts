/** The simulated transport passes the suite, and its connections meet cuts, crashes and slow links as TCP does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import { KIB, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Connection } from '../ports/connection.ts'
import { transportSuite } from '../testing/suites/transport.ts'
import { bareWorld, type BareProcess, type BareWorldOptions } from './bareWorld.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import type { World } from './world.ts'
import type { MessageMap } from '../ports/network.ts'

const primitives = new KeyedPrimitives(new NodePrimitives())

transportSuite('simulated', async () => {
  const world = bareWorld({ seed: 1, nodes: 1, primitives, link: { delayMs: [5, 80], jitterMs: 20, loss: 0.05 } })
  let lastSettled: Promise<unknown> = Promise.resolve()
  const settle = <T>(promise: Promise<T>): Promise<T> => {
    const settled = lastSettled.then(() => world.runUntil(promise, { limitMs: 10 * MINUTE })) as Promise<T>
    lastSettled = settled.catch(() => undefined)
    return settled
  }
  return {
    create: async () => {
      const node = world.add()
      await world.runUntil(() => world.process(node) !== undefined, { limitMs: SECOND })
      return { id: world.contact(node).id, transport: portsOf(world, node).transport }
    },
    deadAddress: present(world.contact(0).addresses[0], 'the address of a node that does not listen'),
    settle,
    dispose: async () => {},
  }
})

/** Two nodes and a connection from the first to the second; what came and ended on either side. */
async function pair(options: Partial<BareWorldOptions> = {}) {
  const world = bareWorld({ seed: 1, nodes: 2, primitives, link: { delayMs: [10, 10] }, ...options })
  await world.run(1)
  const seen: string[] = []
  const note = (who: string, connection: Connection): void => {
    const at = (): string => `${Math.round(world.clock.elapsedMs)} ${who}`
    connection.onFrame = (frame) => seen.push(`${at()} got ${fromUtf8(frame.subarray(0, 20)) ?? '?'}`)
    connection.onClose = (reason) => seen.push(`${at()} closed: ${reason}`)
  }
  let accepted: Connection | undefined
  await portsOf(world, 1).transport.listen((connection) => {
    accepted = connection
    note('b', connection)
  })
  const dial = portsOf(world, 0).transport.dial(world.contact(1), 'control', new AbortController().signal)
  const a = present(await world.runUntil(dial, { limitMs: SECOND }), 'the dialled connection')
  note('a', a)
  return { world, a, b: present(accepted, 'the accepted connection'), seen }
}

function portsOf(world: World<BareProcess<MessageMap>>, node: number): BareProcess<MessageMap>['ports'] {
  return present(world.process(node), `a process of node ${node}`).ports
}

test('connecting takes four trips, a frame one', async () => {
  const { world, a, seen } = await pair()
  assert.equal(world.clock.elapsedMs, 1 + 4 * 10)
  a.send([utf8('hello')])
  await world.run(SECOND)
  assert.deepEqual(seen, ['51 b got hello'])
})

test('what the listener says at once reaches the dialler after it has the connection, also when it had to wait', async () => {
  const world = bareWorld({ seed: 1, nodes: 2, primitives, link: { delayMs: [10, 10] } })
  await world.run(0)
  await portsOf(world, 1).transport.listen((connection) => {
    world.cut(0, 1)
    connection.send([utf8('welcome')])
  })
  const heard: string[] = []
  const dial = portsOf(world, 0)
    .transport.dial(world.contact(1), 'control', new AbortController().signal)
    .then((connection) => {
      connection.onFrame = (frame) => heard.push(fromUtf8(frame) ?? '?')
    })
  await world.run(SECOND)
  world.heal()
  await world.runUntil(dial, { limitMs: 10 * SECOND })
  await world.run(SECOND)
  assert.deepEqual(heard, ['welcome'])
})

test('frames stay in order whatever jitter and loss do, and none is missing', async () => {
  const { world, a, seen } = await pair({ link: { delayMs: [10, 10], jitterMs: 50, loss: 0.3 } })
  for (let i = 0; i < 300; i++) {
    a.send([utf8(`${i}`)])
    await world.run(1)
  }
  await world.run(MINUTE)
  assert.deepEqual(
    seen.map((line) => line.replace(/.*got /, '')),
    Array.from({ length: 300 }, (_, i) => `${i}`),
  )
})

test('frames of one instant travel as one event', async () => {
  const { world, a, seen } = await pair()
  const before = world.eventCount
  for (let i = 0; i < 100; i++) a.send([utf8(`${i}`)])
  await world.run(SECOND)
  assert.equal(seen.length, 100)
  assert.equal(world.eventCount - before, 1)
})

test('over a short cut frames wait, and arrive once it is mended', async () => {
  const { world, a, seen } = await pair()
  world.cut(0, 1)
  a.send([utf8('first')])
  await world.run(5 * SECOND)
  a.send([utf8('second')])
  await world.run(5 * SECOND)
  assert.equal(seen.length, 0)
  world.heal()
  await world.run(20 * SECOND)
  assert.deepEqual(
    seen.map((line) => line.slice(line.indexOf(' '))),
    [' b got first', ' b got second'],
  )
})

test('over a long cut the sender gives up; the other side hears nothing until it sends itself', async () => {
  const { world, a, b, seen } = await pair()
  world.cut(0, 1)
  a.send([utf8('lost')])
  await world.run(5 * MINUTE)
  assert.equal(seen.length, 1)
  assert.match(seen[0] ?? '', /a closed: the peer has been silent too long/)
  world.heal()
  await world.run(5 * MINUTE)
  assert.equal(seen.length, 1)
  b.send([utf8('anyone there?')])
  await world.run(SECOND)
  assert.match(seen[1] ?? '', /b closed: reset by the peer/)
})

test('a cut of one direction lets the other pass', async () => {
  const { world, a, b, seen } = await pair()
  world.cut(0, 1, { oneWay: true })
  a.send([utf8('lost')])
  b.send([utf8('heard')])
  await world.run(SECOND)
  assert.deepEqual(seen, ['51 a got heard'])
})

test('a crash is seen by the peer as a reset, after what was sent before it', async () => {
  const { world, b, seen } = await pair()
  b.send([utf8('last words')])
  world.crash(1)
  b.send([utf8('from the grave')])
  await world.run(MINUTE)
  assert.deepEqual(seen, ['51 a got last words', '51 a closed: reset by the peer'])
})

test('a machine that vanishes is silence, until the peer has sent in vain for long', async () => {
  const { world, a, seen } = await pair()
  world.crash(1, 'vanish')
  await world.run(10 * MINUTE)
  assert.deepEqual(seen, [])
  a.send([utf8('hello?')])
  await world.run(10 * MINUTE)
  assert.equal(seen.length, 1)
  assert.match(seen[0] ?? '', /a closed: the peer has been silent/)
})

test('a process that has restarted answers an old connection with a reset', async () => {
  const { world, a, seen } = await pair()
  world.crash(1, 'vanish')
  await world.run(SECOND)
  world.restart(1, { disk: 'kept' })
  a.send([utf8('hello?')])
  await world.run(SECOND)
  assert.deepEqual(seen, ['1061 a closed: reset by the peer'])
})

test('dialling a machine whose process is down is refused at once, a vanished one is silence', async () => {
  const { world } = await pair()
  const { transport } = portsOf(world, 0)
  world.crash(1)
  const early = transport.dial(world.contact(1), 'control', new AbortController().signal)
  await assert.rejects(world.runUntil(early, { limitMs: SECOND }), (error) => isFailure(error, 'unreachable'))
  world.crash(1, 'vanish')
  const late = transport.dial(world.contact(1), 'control', new AbortController().signal)
  await assert.rejects(world.runUntil(late, { limitMs: MINUTE }), (error) => isFailure(error, 'timed-out'))
})

test('a dial over a cut succeeds when it is mended in time', async () => {
  const { world } = await pair()
  world.cut(0, 1)
  const dial = portsOf(world, 0).transport.dial(world.contact(1), 'bulk', new AbortController().signal)
  await world.run(5 * SECOND)
  world.heal()
  const connection = present(await world.runUntil(dial, { limitMs: 15 * SECOND }), 'a connection')
  assert.equal(connection.peer, world.contact(1).id)
})

test('a machine behind a NAT dials, and frames pass both ways, but a dial to it is silence even while that connection stands', async () => {
  const { world, b, seen } = await pair({ isBehindNat: (node) => node === 0 })
  b.send([utf8('welcome')])
  await world.run(SECOND)
  assert.deepEqual(seen, ['51 a got welcome'])
  await portsOf(world, 0).transport.listen(() => undefined)
  const back = portsOf(world, 1).transport.dial(world.contact(0), 'bulk', new AbortController().signal)
  await assert.rejects(world.runUntil(back, { limitMs: MINUTE }), (error) => isFailure(error, 'timed-out'))
})

test('a slow uplink lets bulk take its time and control pass beside it', async () => {
  const link = { delayMs: [10, 10], uplinkBytesPerSecond: () => 100 * KIB } as const
  const { world, a, seen } = await pair({ link })
  const dial = portsOf(world, 0).transport.dial(world.contact(1), 'bulk', new AbortController().signal)
  const bulk = present(await world.runUntil(dial, { limitMs: SECOND }), 'the bulk connection')
  const sentMs = world.clock.elapsedMs
  for (let i = 0; i < 10; i++) bulk.send([utf8(`bulk ${i}`), new Uint8Array(100 * KIB)])
  a.send([utf8('urgent')])
  assert.ok(bulk.queuedBytes > 500 * KIB)
  await world.runUntil(bulk.drained(), { limitMs: MINUTE })
  assert.ok(world.clock.elapsedMs - sentMs > 7 * SECOND)
  await world.run(MINUTE)
  assert.equal(seen.length, 11)
  assert.match(seen[0] ?? '', /urgent/)
  const lastMs = Number.parseInt(seen[10] ?? '', 10)
  assert.ok(lastMs - sentMs > 10 * SECOND && lastMs - sentMs < 10.1 * SECOND, `${lastMs - sentMs}`)
})
