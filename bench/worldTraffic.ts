/** Traffic that costs nodes nothing, so that what is measured is the world: requests as objects, and balls thrown over connections. */
import { SECOND } from '../src/base/units.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import type { Connection } from '../src/ports/connection.ts'
import { inertCoder } from '../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { World } from '../src/sim/world.ts'

const REQUESTS_UNDER_WAY = 4
const CONNECTIONS = 4
const ASKING = { timeoutMs: 10 * SECOND }

type Spawn = (ports: NodePorts, node: number) => Promise<SimProcess>

/** Prints events per second, of real and of processor time, and the digest of all that happened. */
export async function measureTraffic(
  what: string,
  size: { readonly nodes: number; readonly seconds: number },
  spawn: (world: () => World) => Spawn,
): Promise<void> {
  const { nodes, seconds } = size
  const world: World = new World({
    seed: 1,
    nodes,
    spawn: spawn(() => world),
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    link: { delayMs: [5, 80], jitterMs: 10, loss: 0.01 },
  })
  await world.run(SECOND)
  const before = { events: world.eventCount, ms: performance.now(), cpu: process.cpuUsage() }
  await world.run(seconds * SECOND)
  const tookMs = performance.now() - before.ms
  const { user, system } = process.cpuUsage(before.cpu)
  const events = world.eventCount - before.events
  const rates = [tookMs, (user + system) / 1000].map((ms) => Math.round((events * SECOND) / ms))
  console.log(`${what}: ${nodes} nodes, ${events} events in ${tookMs.toFixed(0)} ms`)
  console.log(`  ${rates[0]} events/s, ${rates[1]} per second of processor time`)
  console.log(`  digest ${world.digest()}, ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB of heap`)
}

export function askOthers(world: () => World): Spawn {
  return async ({ network, random }) => {
    network.serve('ask', () => 'answer')
    await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
    for (let i = 0; i < REQUESTS_UNDER_WAY; i++) void askForEver()
    return { stop: () => network.close() }

    async function askForEver(): Promise<void> {
      for (;;) {
        const peer = world().contact(random.integer(world().nodeCount))
        try {
          await network.request(peer, 'ask', 'question', ASKING)
        } catch {
          // The next one may be luckier.
        }
      }
    }
  }
}

export function frameOthers(world: () => World): Spawn {
  const ball = new Uint8Array(100)
  return async ({ transport, random }) => {
    const returnBalls = (connection: Connection): void => {
      connection.onFrame = () => {
        connection.send([ball])
      }
    }
    await transport.listen(returnBalls)
    for (let i = 0; i < CONNECTIONS; i++) void serveBall()
    return { stop: () => transport.close() }

    async function serveBall(): Promise<void> {
      const peer = world().contact(random.integer(world().nodeCount))
      const connection = await transport.dial(peer, 'control', new AbortController().signal)
      returnBalls(connection)
      connection.send([ball])
    }
  }
}
