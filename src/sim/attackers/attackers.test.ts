/** Each attacker does to a small network of real overlays what it is for, and looks honest otherwise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../base/assert.ts'
import { commonPrefixBits, compareDistance, ID_BYTES, parseId, type NodeId, type Point } from '../../base/id.ts'
import { MINUTE, SECOND } from '../../base/units.ts'
import { NodePrimitives } from '../../drivers/nodePrimitives.ts'
import { Overlay } from '../../overlay/overlay.ts'
import type { Network } from '../../ports/network.ts'
import type { Messages } from '../../wire/messages.ts'
import { inertCoder } from '../inertCoder.ts'
import { KeyedPrimitives } from '../keyedPrimitives.ts'
import type { GroundId, NodePorts, SimProcess } from '../machine.ts'
import { SeededRandom } from '../seededRandom.ts'
import { World } from '../world.ts'
import { killBestConnected } from './adaptiveKiller.ts'
import { startAttacker, type Attack } from './attack.ts'
import { Conspiracy } from './conspiracy.ts'
import { dropper } from './dropper.ts'
import { eclipser } from './eclipser.ts'
import { groundIdNear, groundIdsNearerThan } from './groundIds.ts'
import { flood, flooder } from './joinFlood.ts'
import { liar } from './liar.ts'
import { tablePoisoner } from './tablePoisoner.ts'

const NODES = 20
const dice = new SeededRandom(1)
const randomPoint = (): Point => present(parseId(dice.bytes(ID_BYTES)), 'a point')

interface Member extends SimProcess {
  readonly network: Network<Messages>
  /** Undefined for an attacker. */
  readonly overlay?: Overlay
}

interface Options {
  /** What a node does; undefined for an honest one. */
  readonly attackOf?: (node: number, world: World<Member, Messages>) => Attack | undefined
  readonly groundId?: GroundId
}

/** A world of overlays that have all joined through node 0, some of them hostile. */
async function joined({ attackOf = () => undefined, groundId = () => undefined }: Options) {
  const world: World<Member, Messages> = new World<Member, Messages>({
    seed: 1,
    nodes: NODES,
    spawnEveryMs: 100,
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    groundId,
    spawn: async (ports, node) => {
      const honest = (altered: NodePorts<Messages>): Promise<Member> =>
        member(altered, node === 0 ? [] : [world.contact(0)])
      const attack = attackOf(node, world)
      if (attack === undefined) return honest(ports)
      return { ...(await startAttacker(ports, attack, honest)), network: ports.network }
    },
  })
  await world.run(MINUTE)
  return world
}

async function member(
  { clock, random, network, state }: NodePorts<Messages>,
  bootstrap: Parameters<Overlay['join']>[0],
) {
  const overlay = new Overlay({ clock, random, network, state })
  overlay.serve()
  await network.start({
    onPeer: (peer) => overlay.onPeer(peer),
    onPeerLost: (id) => overlay.onPeerLost(id),
  })
  await overlay.join(bootstrap)
  overlay.start()
  const stop = async (): Promise<void> => {
    await overlay.stop()
    await network.close()
  }
  return { network, overlay, stop }
}

/** What one node answers another's question for a point. */
async function find(world: World<Member, Messages>, asker: number, asked: number, target: Point) {
  const { network } = present(world.process(asker), 'the asker runs')
  const options = { timeoutMs: 10 * SECOND }
  const reply = network.request(world.contact(asked), 'find', { target }, options)
  return present(await world.runUntil(reply, { limitMs: MINUTE }), 'a reply').contacts
}

test('a dropper answers pings, is in tables, and never says whom it knows', async () => {
  const world = await joined({ attackOf: (node) => (node === 3 ? dropper : undefined) })
  const { network, overlay } = present(world.process(0), 'node 0')
  assert.ok(overlay?.contacts().some(({ id }) => id === world.contact(3).id))
  const ping = network.request(world.contact(3), 'ping', {}, { timeoutMs: SECOND })
  assert.deepEqual(await world.runUntil(ping, { limitMs: MINUTE }), {})
  await assert.rejects(find(world, 0, 3, randomPoint()), /no answer/)
})

test('a liar names the nearest of its own and nobody else', async () => {
  const conspiracy = new Conspiracy()
  const world = await joined({
    attackOf: (node, of) => {
      if (node < 14) return undefined
      conspiracy.add(of.contact(node))
      return liar(conspiracy)
    },
  })
  const target = randomPoint()
  const named = (await find(world, 0, 15, target)).map(({ id }) => id)
  const own = [14, 15, 16, 17, 18, 19].map((node) => world.contact(node).id)
  assert.deepEqual(
    named,
    own.sort((a, b) => compareDistance(target, a, b)),
  )
  assert.equal(
    (await find(world, 15, 0, target)).some(({ id }) => !conspiracy.has(id)),
    true,
  )
})

test('a table poisoner names strangers next to the target, at free addresses or at its victim’s', async () => {
  const world = await joined({
    attackOf: (node, of) => {
      const random = new SeededRandom(node)
      if (node === 3) return tablePoisoner({ random })
      return node === 4 ? tablePoisoner({ random, victim: of.contact(7).addresses[0] ?? '' }) : undefined
    },
  })
  const target = randomPoint()
  const named = await find(world, 0, 3, target)
  assert.equal(new Set(named.map(({ id }) => id)).size, 20)
  assert.ok(named.every(({ id }) => commonPrefixBits(id, target) >= 24))
  assert.equal(new Set(named.map(({ addresses }) => addresses[0])).size, 20)
  const besieging = await find(world, 0, 4, target)
  assert.ok(besieging.every(({ addresses }) => addresses[0] === world.contact(7).addresses[0]))
})

test('ground ids lie next to their key, and a world gives them to whom it is told', async () => {
  const key = randomPoint()
  for (const bits of [0, 1, 7, 8, 13, 60]) assert.ok(commonPrefixBits(key, groundIdNear(key, bits, dice)) >= bits)
  const rival = groundIdNear(key, 9, dice)
  const ids = groundIdsNearerThan(key, rival, 50, dice)
  assert.ok(ids.every((id) => compareDistance(key, id, rival) < 0))
  assert.equal(new Set(ids).size, 50)
  const world = await joined({ groundId: (node) => (node >= 15 ? ids[node] : undefined) })
  assert.equal(world.contact(15).id, ids[15])
  const region = present(world.process(2)?.overlay, 'node 2').regions([key])
  const [found] = present(await world.runUntil(region, { limitMs: MINUTE }), 'the region')
  const nearest = found?.members.slice(0, 5).map(({ id }): NodeId => id)
  assert.deepEqual(new Set(nearest), new Set(ids.slice(15, NODES)))
})

test('eclipsers call on their victim again and again', async () => {
  const conspiracy = new Conspiracy()
  let calls = 0
  const world = await joined({
    attackOf: (node, of) => {
      if (node === 5)
        return {
          replies: {
            find: (honest) => (request, from, signal) => {
              if (conspiracy.has(from.id)) calls++
              return honest(request, from, signal)
            },
          },
        }
      if (node < 16) return undefined
      conspiracy.add(of.contact(node))
      return eclipser({ conspiracy, victim: () => of.contact(5), everyMs: SECOND })
    },
  })
  const before = calls
  await world.run(MINUTE)
  assert.ok(calls - before > 100, `${calls - before} calls`)
  await world.runUntil(world.stop(16), { limitMs: MINUTE })
})

test('a flood comes evenly, asks a lot, and goes', async () => {
  let asked = 0
  const counting: Attack = {
    replies: {
      find: (honest) => (request, from, signal) => {
        asked++
        return honest(request, from, signal)
      },
    },
  }
  const world = await joined({
    attackOf: (node, of) => {
      if (node < NODES) return counting
      return flooder({ anybody: () => of.contact(of.random.integer(NODES)), askEveryMs: 100 })
    },
  })
  const before = asked
  const newcomers = flood(world, { count: 10, durationMs: 10 * SECOND, stayMs: 20 * SECOND })
  await world.run(5.5 * SECOND)
  assert.equal(newcomers.filter((node) => world.isUp(node)).length, 6)
  await world.run(MINUTE)
  assert.equal(newcomers.filter((node) => world.isUp(node)).length, 0)
  assert.ok(asked - before > 1000, `${asked - before} questions`)
})

test('an adaptive killer ends the most important first, strike after strike, and spares whom it is told', async () => {
  const world = await joined({})
  const importanceOf = (node: number): number => (node === 19 ? 100 : 10 - node)
  const options = { share: 0.1, everyMs: SECOND, strikes: 3, importanceOf, spared: [1] }
  const killed = killBestConnected(world, options)
  await world.run(MINUTE)
  assert.deepEqual(killed, [19, 0, 2, 3, 4, 5])
  assert.ok(killed.every((node) => !world.isUp(node)))
})

test('attacks repeat themselves from the seed', async () => {
  const run = async (): Promise<string> => {
    const conspiracy = new Conspiracy()
    const world = await joined({
      attackOf: (node, of) => {
        if (node < 12) return undefined
        conspiracy.add(of.contact(node))
        return node % 2 === 0
          ? liar(conspiracy)
          : eclipser({ conspiracy, victim: () => of.contact(5), everyMs: SECOND })
      },
    })
    return world.digest()
  }
  assert.equal(await run(), await run())
})
