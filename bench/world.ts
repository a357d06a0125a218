/**
 * Events per second of the simulated world: trivial nodes that keep a few requests under way to random peers. Prints the figure for
 * objects and for frames. Arguments: nodes (1000), virtual seconds (20).
 */
import { argv } from 'node:process'
import type { Connection } from '../src/ports/connection.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { inertCoder } from '../src/sim/inertCoder.ts'
import { KeyedPrimitives } from '../src/sim/keyedPrimitives.ts'
import type { NodePorts, SimProcess } from '../src/sim/machine.ts'
import { World } from '../src/sim/world.ts'
import { SECOND } from '../src/base/units.ts'

const REQUESTS_UNDER_WAY = 4
const CONNECTIONS = 4

type Spawn = (ports: NodePorts, node: number) => Promise<SimProcess>

const nodeCount = Number(argv[2] ?? 1000)
const seconds = Number(argv[3] ?? 20)
await measure('requests as objects', askOthers)
await measure('frames', frameOthers)

async function measure(what: string, spawn: (world: () => World) => Spawn): Promise<void> {
  const world: World = new World({
    seed: 1,
    nodes: nodeCount,
    spawn: spawn(() => world),
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    link: { delayMs: [5, 80], jitterMs: 10, loss: 0.01 },
  })
  await world.run(SECOND)
  const before = { events: world.eventCount, ms: performance.now(), cpu: process.cpuUsage() }
  await world.run(seconds * SECOND)
  const tookMs = performance.now() - before.ms
  const cpuMs = process.cpuUsage(before.cpu).user / 1000
  const events = world.eventCount - before.events
  const rates = [tookMs, cpuMs].map((ms) => Math.round((events * SECOND) / ms))
  console.log(`${what}: ${nodeCount} nodes, ${events} events in ${tookMs.toFixed(0)} ms`)
  console.log(`  ${rates[0]} events/s, ${rates[1]} per second of processor time`)
  console.log(`  digest ${world.digest()}, ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB of heap`)
}

function askOthers(world: () => World): Spawn {
  return async ({ network, random }) => {
    network.serve('ask', () => 'answer')
    await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
    for (let i = 0; i < REQUESTS_UNDER_WAY; i++) void askForEver()
    return { stop: () => network.close() }

    async function askForEver(): Promise<void> {
      for (;;) {
        const peer = world().contact(random.integer(nodeCount))
        await network.request(peer, 'ask', 'question', { timeoutMs: 10 * SECOND }).catch(() => undefined)
      }
    }
  }
}

function frameOthers(world: () => World): Spawn {
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
      const peer = world().contact(random.integer(nodeCount))
      const connection = await transport.dial(peer, 'control', new AbortController().signal)
      returnBalls(connection)
      connection.send([ball])
    }
  }
}
