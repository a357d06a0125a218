/** Places to run the suites of the Network port: frames and objects in the simulated world, and real sockets on loopback. */
import { present } from '../base/assert.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { identityFromSeed } from '../drivers/nodeIdentity.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { TlsTransport } from '../drivers/tlsTransport.ts'
import { bareWorld, type BareProcess } from '../sim/bareWorld.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import { VirtualClock } from '../sim/virtualClock.ts'
import type { World } from '../sim/world.ts'
import type { Messages } from '../wire/messages.ts'
import { PeerNetwork } from '../wire/peerNetwork.ts'
import type { ConnectedRig } from './suites/hostilePeer.ts'
import type { NetworkRig } from './suites/network.ts'

const networkName = 'test'

/** PeerNetwork over the world's frames. */
export async function simulatedFrames(): Promise<ConnectedRig> {
  const { world, newNode, ...rig } = simulated()
  return {
    ...rig,
    networkName,
    create: async () => {
      const { node, ports } = await newNode()
      const { clock, transport, signer } = ports
      return {
        network: new PeerNetwork({ clock, transport, id: signer.id, networkName }),
        crash: async () => world.crash(node),
      }
    },
    stranger: async () => {
      const { ports } = await newNode()
      return { id: ports.signer.id, transport: ports.transport }
    },
  }
}

/** The world's network of objects. */
export async function simulatedObjects(): Promise<NetworkRig> {
  const { world, newNode, ...rig } = simulated()
  return {
    ...rig,
    create: async () => {
      const { node, ports } = await newNode()
      return { network: ports.network, crash: async () => world.crash(node) }
    },
  }
}

/** PeerNetwork over TLS on loopback. Sockets are real; the time that requests are bound by is not. */
export async function tlsSockets(): Promise<ConnectedRig> {
  const primitives = new NodePrimitives()
  const clock = new VirtualClock()
  let created = 0
  const newTransport = (): { id: TlsId; transport: TlsTransport } => {
    const identity = identityFromSeed(primitives, primitives.hash(Uint8Array.of(++created)))
    return { id: identity.id, transport: new TlsTransport({ identity, primitives, host: '127.0.0.1', port: 0 }) }
  }
  const dead = newTransport()
  await dead.transport.listen(() => undefined)
  const deadAddress = present(dead.transport.addresses[0], 'an address')
  await dead.transport.close()
  return {
    networkName,
    create: async () => {
      const { id, transport } = newTransport()
      return { network: new PeerNetwork({ clock, transport, id, networkName }), crash: () => transport.close() }
    },
    stranger: async () => newTransport(),
    deadAddress,
    settle: (promise) => promise,
    pass: async (durationMs) => {
      const untilMs = clock.elapsedMs + durationMs
      while (clock.nextMs() <= untilMs) {
        clock.fireNext()
        await turn()
      }
      clock.passTo(untilMs)
    },
    dispose: async () => {},
  }
}

type TlsId = ReturnType<typeof identityFromSeed>['id']

/** Lets sockets and promises have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function simulated() {
  const primitives = new KeyedPrimitives(new NodePrimitives())
  const link = { delayMs: [5, 80], jitterMs: 20, loss: 0.05 } as const
  const world: World<BareProcess<Messages>, Messages> = bareWorld<Messages>({ seed: 1, nodes: 1, primitives, link })
  // One thing at a time runs the world.
  let lastSettled: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = lastSettled.then(run)
    lastSettled = result.catch(() => undefined)
    return result
  }
  return {
    world,
    newNode: async () => {
      const node = world.add()
      await inTurn(() => world.runUntil(() => world.process(node) !== undefined, { limitMs: SECOND }))
      return { node, ports: present(world.process(node), 'the process of a new node').ports }
    },
    deadAddress: present(world.contact(0).addresses[0], 'the address of a node that does not listen'),
    settle: <T>(promise: Promise<T>) => inTurn(() => world.runUntil(promise, { limitMs: 10 * MINUTE }) as Promise<T>),
    pass: (durationMs: number) => inTurn(() => world.run(durationMs)),
    dispose: async () => {},
  }
}
