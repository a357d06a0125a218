/** Requests as objects pass the suite of those over connections, and take as long: every one settles, with the failure that fits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import { KIB, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Network } from '../ports/network.ts'
import { simulatedObjects } from '../testing/networkRigs.ts'
import { networkSuite } from '../testing/suites/network.ts'
import { bareWorld, type BareProcess, type BareWorldOptions } from './bareWorld.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import type { World } from './world.ts'

interface Messages {
  readonly [kind: string]: { readonly request: unknown; readonly reply: unknown }
  readonly double: { readonly request: number; readonly reply: number }
  readonly never: { readonly request: string; readonly reply: string }
}

const primitives = new KeyedPrimitives(new NodePrimitives())
const OPTIONS = { timeoutMs: 10 * SECOND }

networkSuite('simulated objects', simulatedObjects)

/** Started nodes that answer `double` and never answer `never`; what each of them saw. */
async function started(options: Partial<BareWorldOptions> = {}) {
  const world = bareWorld<Messages>({ seed: 1, nodes: 3, primitives, link: { delayMs: [10, 10] }, ...options })
  const seen: string[] = []
  await world.run(0)
  const start = (node: number): void => {
    const nodeOf = (id: string): number => [0, 1, 2].findIndex((each) => world.contact(each).id === id)
    const network = networkOf(world, node)
    const note = (what: string): void => {
      seen.push(`${Math.round(world.clock.elapsedMs)} ${node} ${what}`)
    }
    network.serve('double', (request) => 2 * request)
    network.serve('never', (request, from, signal) => {
      note(`works on ${request} of ${nodeOf(from.id)}`)
      signal.addEventListener('abort', () => {
        note(`stops working on ${request}`)
      })
      return new Promise<string>(() => undefined)
    })
    void network.start({
      onPeer: (peer) => {
        note(`met ${nodeOf(peer.id)}`)
      },
      onPeerLost: (id, reason) => {
        note(`lost ${nodeOf(id)}: ${reason}`)
      },
    })
  }
  for (const node of [0, 1, 2]) start(node)
  return { world, seen, start }
}

function networkOf(world: World<BareProcess<Messages>, Messages>, node: number): Network<Messages> {
  return present(world.process(node), `a process of node ${node}`).ports.network
}

async function failsWith(promise: Promise<unknown>, code: FailureCode, message = /./): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code) && message.test(error.message))
}

test('a first request takes the trips of connecting and its own two, a second only two', async () => {
  const { world, seen } = await started()
  const ask = (): Promise<number> => networkOf(world, 0).request(world.contact(1), 'double', 21, OPTIONS)
  assert.equal(await world.runUntil(ask(), { limitMs: MINUTE }), 42)
  assert.equal(world.clock.elapsedMs, 60)
  assert.deepEqual(seen, ['50 1 met 0', '50 0 met 1'])
  await world.runUntil(ask(), { limitMs: MINUTE })
  assert.equal(world.clock.elapsedMs, 80)
})

test('an answered request costs two events and leaves no timer behind', async () => {
  const { world } = await started()
  const before = world.eventCount
  const ask = networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(ask, { limitMs: MINUTE })
  await world.run(MINUTE)
  assert.equal(world.eventCount - before, 2)
})

test('a handler’s failure refuses with its code and words; its defect refuses and stops the world', async () => {
  const { world } = await started()
  const responder = networkOf(world, 1)
  responder.serve('refuses', () => Promise.reject(new Failure('no-space', 'all full')))
  responder.serve('breaks', () => {
    throw new TypeError('a defect')
  })
  const ask = (kind: string): Promise<unknown> => networkOf(world, 0).request(world.contact(1), kind, 0, OPTIONS)
  await failsWith(world.runUntil(ask('refuses'), { limitMs: MINUTE }), 'no-space', /all full/)
  await failsWith(world.runUntil(ask('unknown'), { limitMs: MINUTE }), 'refused', /does not answer unknown/)
  const broken = failsWith(ask('breaks'), 'refused')
  await assert.rejects(world.run(SECOND), /a defect/)
  await world.run(SECOND)
  await broken
})

test('silence times out, and the peer is told to stop', async () => {
  const { world, seen } = await started()
  const ask = networkOf(world, 0).request(world.contact(1), 'never', 'x', { timeoutMs: 500 })
  await failsWith(world.runUntil(ask, { limitMs: MINUTE }), 'timed-out')
  assert.equal(world.clock.elapsedMs, 500)
  await world.run(SECOND)
  assert.deepEqual(seen, ['50 1 met 0', '50 0 met 1', '50 1 works on x of 0', '510 1 stops working on x'])
})

test('an aborted request rejects at once, and the peer is told to stop or not to begin', async () => {
  const { world, seen } = await started()
  const ask = (signal: AbortSignal): Promise<unknown> =>
    networkOf(world, 0).request(world.contact(1), 'never', 'x', { ...OPTIONS, signal })
  const [early, late] = [new AbortController(), new AbortController()]
  const asked = [failsWith(ask(early.signal), 'aborted'), failsWith(ask(late.signal), 'aborted')]
  early.abort()
  await world.run(100)
  late.abort()
  await world.run(SECOND)
  await Promise.all(asked)
  assert.deepEqual(seen, ['50 1 met 0', '50 0 met 1', '50 1 works on x of 0', '110 1 stops working on x'])
  await failsWith(ask(AbortSignal.abort(new Failure('timed-out', 'the whole search'))), 'timed-out')
})

test('a crash rejects what the node was working on as unreachable, and those who knew it hear of the loss', async () => {
  const { world, seen } = await started()
  const ask = failsWith(networkOf(world, 0).request(world.contact(1), 'never', 'x', OPTIONS), 'unreachable')
  const other = networkOf(world, 2).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(other, { limitMs: MINUTE })
  seen.length = 0
  world.crash(1)
  await world.run(SECOND)
  await ask
  assert.deepEqual(seen, ['70 0 lost 1: reset by the peer', '70 2 lost 1: reset by the peer'])
  const again = networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await failsWith(world.runUntil(again, { limitMs: SECOND }), 'unreachable')
})

test('a crashed asker’s work is stopped at its peer', async () => {
  const { world, seen } = await started()
  void networkOf(world, 0).request(world.contact(1), 'never', 'x', OPTIONS)
  await world.run(100)
  world.crash(0)
  await world.run(SECOND)
  assert.deepEqual(seen.slice(3), ['110 1 stops working on x', '110 1 lost 0: reset by the peer'])
})

test('a machine that vanishes is silence: requests time out, and the loss shows only after long', async () => {
  const { world, seen } = await started()
  await world.runUntil(networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS), { limitMs: MINUTE })
  world.crash(1, 'vanish')
  seen.length = 0
  const ask = networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await failsWith(world.runUntil(ask, { limitMs: MINUTE }), 'timed-out')
  assert.deepEqual(seen, [])
  await world.run(2 * MINUTE)
  assert.deepEqual(seen, ['60060 0 lost 1: silent too long'])
})

test('over a cut requests time out; healed in time nobody is lost, cut for long both sides are', async () => {
  const { world, seen } = await started()
  const ask = (): Promise<number> => networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(ask(), { limitMs: MINUTE })
  seen.length = 0
  world.cut([0], [1, 2])
  await failsWith(world.runUntil(ask(), { limitMs: MINUTE }), 'timed-out')
  world.heal()
  assert.equal(await world.runUntil(ask(), { limitMs: MINUTE }), 2)
  await world.run(2 * MINUTE)
  assert.equal(seen.length, 0)
  world.cut([0], [1, 2])
  await world.run(2 * MINUTE)
  assert.deepEqual(
    seen.map((line) => line.slice(line.indexOf(' ') + 1)),
    ['0 lost 1: silent too long', '1 lost 0: silent too long'],
  )
})

test('a node that closes rejects its own requests as closed, its askers’ as unreachable, and its peers hear of it', async () => {
  const { world, seen } = await started()
  const own = failsWith(networkOf(world, 1).request(world.contact(2), 'never', 'own', OPTIONS), 'closed')
  const askers = failsWith(networkOf(world, 0).request(world.contact(1), 'never', 'asked', OPTIONS), 'unreachable')
  await world.run(100)
  await networkOf(world, 1).close()
  await world.run(SECOND)
  await Promise.all([own, askers])
  await failsWith(networkOf(world, 1).request(world.contact(2), 'double', 1, OPTIONS), 'closed')
  assert.deepEqual(
    seen.filter((line) => line.includes('lost')),
    ['110 2 lost 1: the peer is leaving', '110 0 lost 1: the peer is leaving'],
  )
})

test('a contact nobody has is unreachable without addresses, silent at a free one, refused where another answers', async () => {
  const { world } = await started()
  const ask = (contact: ReturnType<typeof world.contact>): Promise<unknown> =>
    world.runUntil(networkOf(world, 0).request(contact, 'double', 1, OPTIONS), { limitMs: MINUTE })
  await failsWith(ask({ id: world.contact(1).id, addresses: [] }), 'unreachable')
  await failsWith(ask({ id: world.contact(1).id, addresses: ['sim://10.99.0.1:99'] }), 'timed-out')
  await failsWith(ask({ id: world.contact(1).id, addresses: world.contact(2).addresses }), 'refused')
})

test('a node that restarts on an empty disk is another one at the same address', async () => {
  const { world, start } = await started()
  const before = world.contact(1)
  world.crash(1)
  world.restart(1, { disk: 'lost' })
  await world.run(SECOND)
  start(1)
  const ask = (contact: typeof before): Promise<unknown> =>
    world.runUntil(networkOf(world, 0).request(contact, 'double', 1, OPTIONS), { limitMs: MINUTE })
  await failsWith(ask(before), 'refused')
  assert.equal(await ask(world.contact(1)), 2)
})

test('peers that exchange nothing for long are met again without having been lost', async () => {
  const { world, seen } = await started()
  const ask = (): Promise<number> => networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(ask(), { limitMs: MINUTE })
  await world.run(30 * MINUTE)
  seen.length = 0
  await world.runUntil(ask(), { limitMs: MINUTE })
  assert.deepEqual(
    seen.map((line) => line.slice(line.indexOf(' ') + 1)),
    ['1 met 0', '0 met 1'],
  )
})

test('a machine behind a NAT asks and is asked back, but one that it has not met or that has lost it meets silence', async () => {
  const { world, seen, start } = await started({ isBehindNat: (node) => node === 0 })
  const ask = (from: number, to: number): Promise<number | undefined> =>
    world.runUntil(networkOf(world, from).request(world.contact(to), 'double', 1, OPTIONS), { limitMs: MINUTE })
  await failsWith(ask(1, 0), 'timed-out')
  assert.deepEqual(seen, [])
  assert.equal(await ask(0, 1), 2)
  assert.equal(await ask(1, 0), 2)
  await failsWith(ask(2, 0), 'timed-out')
  world.crash(0)
  world.restart(0, { disk: 'kept' })
  await world.run(SECOND)
  start(0)
  await failsWith(ask(1, 0), 'timed-out')
  assert.equal(await ask(0, 0), 2)
})

test('a request that comes after its process has ended and its machine has returned leaves the new connection alone', async () => {
  const { world, seen, start } = await started()
  const ask = (): Promise<number> => networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(ask(), { limitMs: MINUTE })
  world.clog(0, 1, 30 * SECOND)
  void ask()
  world.crash(0)
  world.heal()
  world.restart(0, { disk: 'kept' })
  await world.run(0)
  start(0)
  await world.runUntil(ask(), { limitMs: MINUTE })
  seen.length = 0
  await world.run(MINUTE)
  assert.deepEqual(seen, [])
  const { elapsedMs } = world.clock
  await world.runUntil(ask(), { limitMs: MINUTE })
  assert.equal(world.clock.elapsedMs - elapsedMs, 20)
})

test('large messages take the time of a slow uplink', async () => {
  const { world } = await started({
    link: { delayMs: [10, 10], uplinkBytesPerSecond: () => 100 * KIB },
    messageBytes: (message) => (message === 1 ? 500 * KIB : 0),
  })
  const ask = networkOf(world, 0).request(world.contact(1), 'double', 1, OPTIONS)
  await world.runUntil(ask, { limitMs: MINUTE })
  assert.equal(world.clock.elapsedMs, 5000 + 60)
})
