/** A world repeats itself from its seed, and does to its nodes what it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed, present } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import { HOUR, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { bareWorld } from './bareWorld.ts'
import { eventsStayBounded } from './checkers/eventsStayBounded.ts'
import { timeMovesForward } from './checkers/timeMovesForward.ts'
import { inertCoder } from './inertCoder.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import type { SimProcess } from './machine.ts'
import { World } from './world.ts'

const primitives = new KeyedPrimitives(new NodePrimitives())
const LINK = { delayMs: [5, 80], jitterMs: 10, loss: 0.05 } as const

interface Gossip {
  readonly [kind: string]: { readonly request: unknown; readonly reply: unknown }
  readonly rumour: { readonly request: readonly string[]; readonly reply: readonly string[] }
}

interface Gossiper extends SimProcess {
  readonly rumours: ReadonlySet<string>
}

/** Every second each node tells a random other what it has heard and hears what that one has; a disk remembers. */
function gossipWorld(seed: number, nodes: number): World<Gossiper, Gossip> {
  const world: World<Gossiper, Gossip> = new World<Gossiper, Gossip>({
    seed,
    nodes,
    primitives,
    coder: inertCoder,
    link: LINK,
    spawn: async ({ network, clock, random, state }, node) => {
      const kept = await state.keys('', 1000)
      const rumours = new Set<string>([...kept, `born ${node}`])
      const hear = async (heard: readonly string[]): Promise<void> => {
        for (const rumour of heard) {
          if (rumours.has(rumour)) continue
          rumours.add(rumour)
          await state.put(rumour, utf8('heard'))
        }
      }
      network.serve('rumour', async (heard) => {
        await hear(heard)
        return [...rumours]
      })
      await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
      const controller = new AbortController()
      const gossip = async (): Promise<void> => {
        while (!controller.signal.aborted) {
          await clock.sleep(SECOND, controller.signal)
          const peer = world.contact(random.integer(nodes))
          const options = { timeoutMs: 5 * SECOND, signal: controller.signal }
          await network.request(peer, 'rumour', [...rumours], options).then(hear, () => undefined)
        }
      }
      const gossiping = gossip().catch(() => undefined)
      return {
        rumours,
        stop: async () => {
          controller.abort()
          await gossiping
          await network.close()
        },
      }
    },
  })
  return world
}

/** How many rumours a node has heard. */
function heardBy(world: World<Gossiper, Gossip>, node: number): number {
  return world.process(node)?.rumours.size ?? 0
}

async function eventfulDay(seed: number): Promise<{ digest: string; events: number }> {
  const world = gossipWorld(seed, 30)
  await world.run(20 * SECOND)
  world.crash(3)
  world.crash(4, 'vanish')
  world.cut([0, 1, 2], [5, 6])
  world.slow(7, 8, 300)
  world.clog(9, 10, 2 * SECOND)
  await world.run(20 * SECOND)
  world.heal()
  world.restart(3, { disk: 'kept' })
  world.restart(4, { disk: 'lost' })
  world.add()
  await world.run(MINUTE)
  return { digest: world.digest(), events: world.eventCount }
}

test('a seed gives the same trace twice, other seeds give others', async () => {
  const first = await eventfulDay(1)
  assert.ok(first.events > 3000)
  assert.deepEqual(await eventfulDay(1), first)
  assert.notEqual((await eventfulDay(2)).digest, first.digest)
})

test('virtual time passes exactly as told, with or without events', async () => {
  const world = bareWorld({ seed: 1, nodes: 1, primitives })
  await world.run(HOUR)
  assert.equal(world.clock.elapsedMs, HOUR)
  await world.run(0)
  await assert.rejects(
    world.runUntil(() => false, { limitMs: 3 * SECOND }),
    /did not get there/,
  )
  assert.equal(world.clock.elapsedMs, HOUR + 3 * SECOND)
})

test('gossip reaches all, but not over a cut, and all again once it is healed', async () => {
  const world = gossipWorld(1, 20)
  const [left, right] = [nodesFrom(0, 10), nodesFrom(10, 20)]
  world.cut(left, right)
  await world.run(MINUTE)
  for (const node of [...left, ...right]) assert.equal(heardBy(world, node), 10)
  world.heal()
  await world.runUntil(() => [...left, ...right].every((node) => heardBy(world, node) === 20), { limitMs: MINUTE })
})

test('mending one cut leaves the others', async () => {
  const world = gossipWorld(1, 9)
  const mend = world.cut([0, 1, 2], [3, 4, 5])
  world.cut([0, 1, 2, 3, 4, 5], [6, 7, 8])
  await world.run(MINUTE)
  assert.deepEqual([heardBy(world, 0), heardBy(world, 3), heardBy(world, 6)], [3, 3, 3])
  mend()
  await world.run(MINUTE)
  assert.deepEqual([heardBy(world, 0), heardBy(world, 3), heardBy(world, 6)], [6, 6, 3])
})

test('a crashed process does nothing more; restarted, it has its disk or a new identity', async () => {
  const world = gossipWorld(1, 5)
  await world.run(MINUTE)
  const { rumours } = present(world.process(2), 'the process of node 2')
  const identity = world.contact(2).id
  world.crash(2)
  assert.equal(world.process(2), undefined)
  assert.ok(!world.isUp(2))
  world.add()
  await world.run(MINUTE)
  assert.equal(rumours.size, 5)
  world.cut(2, [0, 1, 3, 4, 5])
  world.restart(2, { disk: 'kept' })
  await world.run(SECOND)
  assert.equal(world.contact(2).id, identity)
  assert.equal(heardBy(world, 2), 5)
  world.crash(2)
  world.restart(2, { disk: 'lost' })
  await world.run(SECOND)
  assert.notEqual(world.contact(2).id, identity)
  assert.equal(heardBy(world, 2), 1)
})

test('what a crash interrupts stays interrupted, even what promises alone would finish', async () => {
  const steps: string[] = []
  const world: World = new World({
    seed: 1,
    nodes: 1,
    primitives,
    coder: inertCoder,
    spawn: async ({ clock, state }) => {
      clock.after(SECOND, () => {
        steps.push('before')
        void state.put('key', utf8('value')).then(() => steps.push('after the crash'))
        world.crash(0)
      })
      return { stop: () => Promise.resolve() }
    },
  })
  await world.run(MINUTE)
  assert.deepEqual(steps, ['before'])
})

test('a node that has moved is itself at a new address, and nobody is at the old one', async () => {
  const world = gossipWorld(1, 3)
  await world.run(10 * SECOND)
  const before = world.contact(1)
  world.crash(1)
  world.move(1, '192.0.2.7')
  world.restart(1, { disk: 'kept' })
  const { id, addresses } = world.contact(1)
  assert.deepEqual([id, addresses], [before.id, ['sim://192.0.2.7:1']])
  await world.run(10 * SECOND)
  assert.equal(heardBy(world, 1), 3)
})

test('a node stops in good order in virtual time', async () => {
  const world = gossipWorld(1, 3)
  await world.run(10.5 * SECOND)
  await world.runUntil(world.stop(1), { limitMs: MINUTE })
  assert.ok(!world.isUp(1))
  world.restart(1, { disk: 'kept' })
  await world.run(SECOND)
  assert.equal(heardBy(world, 1), 3)
})

test('nodes start apart when told so', async () => {
  const world = bareWorld({ seed: 1, nodes: 3, spawnEveryMs: SECOND, primitives })
  await world.run(1.5 * SECOND)
  assert.deepEqual(
    [0, 1, 2].map((node) => world.isUp(node)),
    [true, true, false],
  )
})

test('checkers run after every event, and what one throws ends the run', async () => {
  const world = gossipWorld(1, 5)
  let calls = 0
  const count = (): void => {
    calls++
  }
  await world.run(10 * SECOND, { check: [timeMovesForward(), eventsStayBounded(100), count] })
  assert.equal(calls, world.eventCount + 1)
  await assert.rejects(world.run(SECOND, { check: eventsStayBounded(1) }), AssertionFailed)
  const noNodeKnowsAll = (checked: typeof world): void => {
    for (let node = 0; node < 5; node++) assert.ok(heardBy(checked, node) < 5, `node ${node} knows all`)
  }
  await assert.rejects(world.run(HOUR, { check: noNodeKnowsAll }), /knows all/)
})

test('a defect in a node’s start or in a timer ends the run', async () => {
  const broken = (spawn: ConstructorParameters<typeof World>[0]['spawn']): World =>
    new World({ seed: 1, nodes: 1, primitives, coder: inertCoder, spawn })
  const start = broken(() => Promise.reject(new TypeError('no start')))
  await assert.rejects(start.run(SECOND), /no start/)
  const timer = broken(async ({ clock }) => {
    clock.after(10, () => {
      throw new TypeError('no timer')
    })
    return { stop: () => Promise.resolve() }
  })
  await assert.rejects(timer.run(SECOND), /no timer/)
})

test('running until a promise gives what it gives', async () => {
  const world = bareWorld({ seed: 1, nodes: 0, primitives })
  const told = world.clock.sleep(MINUTE).then(() => 'told')
  assert.equal(await world.runUntil(told, { limitMs: HOUR }), 'told')
  assert.equal(world.clock.elapsedMs, MINUTE)
  const refused = world.clock.sleep(MINUTE).then(() => Promise.reject(new Error('refused')))
  await assert.rejects(world.runUntil(refused, { limitMs: HOUR }), /refused/)
})

test('the nodes of a world have different identities, addresses and /24 networks', () => {
  const world = bareWorld({ seed: 1, nodes: 1000, primitives })
  const contacts = nodesFrom(0, 1000).map((node) => world.contact(node))
  assert.equal(new Set(contacts.map(({ id }) => id)).size, 1000)
  const networks = contacts.map(({ addresses }) => /^sim:\/\/(10\.\d+\.\d+)\.\d+:\d+$/.exec(addresses[0] ?? '')?.[1])
  assert.equal(new Set(networks).size, 1000)
})

function nodesFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i)
}
