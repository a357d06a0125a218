/**
 * Worlds whose traces are compared between versions of Node and from commit to commit: one of nodes that only exchange messages, which
 * the simulation alone decides, and two of shipped overlays. Everything that a world can do befalls each of them.
 */
import { MINUTE, SECOND } from '../src/base/units.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import type { Connection } from '../src/ports/connection.ts'
import { Geography } from '../src/sim/geography.ts'
import { inertCoder } from '../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { NodePorts } from '../src/sim/machine.ts'
import { churn, logNormal, weibull } from '../src/sim/sessions.ts'
import { Weather } from '../src/sim/weather.ts'
import { World } from '../src/sim/world.ts'
import { OverlayWorld } from './overlayWorld.ts'

const SEED = 1
const DURATION_MS = 2 * MINUTE
const ASK_EVERY_MS = SECOND

/** By name, what runs a world and gives its digest: 32 hex digits, until what decides the world is changed. */
export const WORLDS: Readonly<Record<string, () => Promise<string>>> = {
  messages: () => digestOf(messageWorld(50)),
  'overlays over objects': () => digestOf(new OverlayWorld({ ...surroundings(50), by: 'objects' })),
  'overlays over frames': () => digestOf(new OverlayWorld({ ...surroundings(24), by: 'frames' })),
}

type EventfulWorld = Parameters<typeof churn>[0] &
  ConstructorParameters<typeof Weather>[0] & { run(durationMs: number): Promise<void>; digest(): string }

/** Lets a world begin in peace and then everything befall it. */
async function digestOf(world: EventfulWorld): Promise<string> {
  await world.run(20 * SECOND)
  churn(world, {
    sessions: weibull({ medianMs: MINUTE, shape: 0.59 }),
    absences: logNormal({ medianMs: 10 * SECOND, sigma: 1.3 }),
    stableShare: 0.3,
    vanishShare: 0.7,
    diskLostShare: 0.1,
    moveShare: 0.3,
  })
  new Weather(world).unsettled({
    durationMs: DURATION_MS,
    everyMs: 5 * SECOND,
    shareMax: 0.3,
    spellMsMax: 20 * SECOND,
  })
  await world.run(DURATION_MS)
  return world.digest()
}

function surroundings(nodes: number) {
  const geography = new Geography(SEED)
  return {
    seed: SEED,
    nodes,
    spawnEveryMs: 100,
    hostName: geography.hostName,
    isBehindNat: (node: number) => node % 4 === 3,
    link: {
      latencyMs: geography.latencyMs,
      jitterMs: 20,
      loss: 0.02,
      uplinkBytesPerSecond: (node: number) => (node % 3 === 0 ? 50_000 : undefined),
    },
    disk: { syncMs: 5 },
  }
}

/** Nodes that ask others for the time over both kinds of network, and write down what they hear. */
function messageWorld(nodes: number): World {
  const world: World = new World({
    ...surroundings(nodes),
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    spawn: async ({ network, transport, clock, random, state }) => {
      const ending = new AbortController()
      network.serve('time', () => clock.now())
      await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
      await transport.listen((connection) => echo(connection))
      void again(clock, ending.signal, async () => {
        const peer = world.contact(random.integer(nodes))
        const time = await network.request(peer, 'time', '', { timeoutMs: 3 * SECOND, signal: ending.signal })
        await state.put(peer.id, new TextEncoder().encode(String(time)))
      })
      void again(clock, ending.signal, async () => {
        const connection = await transport.dial(world.contact(random.integer(nodes)), 'control', ending.signal)
        connection.send([random.bytes(100)])
        connection.close('said what there was to say')
      })
      return {
        stop: async () => {
          ending.abort()
          await Promise.all([network.close(), transport.close()])
        },
      }
    },
  })
  return world
}

function echo(connection: Connection): void {
  connection.onFrame = (frame) => connection.send([frame])
}

/** Does something every second, whatever becomes of it, until the signal is aborted. */
async function again(clock: NodePorts['clock'], signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(ASK_EVERY_MS, signal).catch(() => undefined)
    if (!signal.aborted) void act().catch(() => undefined)
  }
}
