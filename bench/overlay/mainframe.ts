/** Our overlay as a subject: nodes over TLS with the drivers a daemon has, without storage and doors. */
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CountedNetwork } from '../../resilience/countedNetwork.ts'
import { present } from '../../src/base/assert.ts'
import { parseId, type Point } from '../../src/base/id.ts'
import { identityFromSeed } from '../../src/drivers/nodeIdentity.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import { SystemClock } from '../../src/drivers/systemClock.ts'
import { SystemRandom } from '../../src/drivers/systemRandom.ts'
import { Overlay } from '../../src/overlay/overlay.ts'
import type { Contact } from '../../src/ports/connection.ts'
import type { RequestOptions } from '../../src/ports/network.ts'
import { MemoryStateStore } from '../../src/sim/memory/stateStore.ts'
import type { MessageKind, Messages } from '../../src/wire/messages.ts'
import { PeerNetwork } from '../../src/wire/peerNetwork.ts'
import { CrashableTransport } from './crashableTransport.ts'
import { BOOTSTRAPS, NEAREST, type Answer, type Subject, type SubjectOptions } from './subject.ts'

interface Member {
  readonly overlay: Overlay
  readonly network: FarNetwork
  readonly transport: CrashableTransport
}

class FarNetwork extends CountedNetwork {
  delayMs = 0

  override async request<K extends MessageKind>(
    peer: Contact,
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    if (this.delayMs > 0) await sleep(this.delayMs)
    return super.request(peer, kind, request, options)
  }
}

export async function startMainframe({ hosts, untilCalm }: SubjectOptions): Promise<Subject> {
  const members: Member[] = []
  for (const host of hosts) {
    members.push(await start(host, contactsOf(members.slice(0, BOOTSTRAPS))))
    await untilCalm()
  }
  const member = (index: number): Member => present(members[index], 'a node of this network')
  return {
    title: 'Mainframe, this checkout',
    ways: ['regions'],
    places: contactsOf(members).map(({ id }) => id),
    namesAsker: true,
    placeOf,
    lookup: (_, asker, key) => lookup(member(asker), placeOf(key)),
    delayRequests: (delayMs) => {
      for (const { network } of members) network.delayMs = delayMs
    },
    kill: (nodes) => {
      for (const node of nodes) kill(member(node))
    },
  }
}

async function start(host: string, bootstrap: readonly Contact[]): Promise<Member> {
  const primitives = new NodePrimitives()
  const clock = new SystemClock()
  const identity = identityFromSeed(primitives, randomBytes(32))
  const transport = new CrashableTransport({ identity, primitives, host, port: 0 })
  const network = new FarNetwork(new PeerNetwork({ clock, transport, id: identity.id, networkName: 'bench' }))
  const overlay = new Overlay({ clock, random: new SystemRandom(), network, state: new MemoryStateStore() })
  overlay.serve()
  await network.start({
    onPeer: (peer) => overlay.onPeer(peer),
    onPeerLost: (id) => overlay.onPeerLost(id),
  })
  await overlay.join(bootstrap)
  overlay.start()
  return { overlay, network, transport }
}

async function lookup({ overlay, network }: Member, point: Point): Promise<Answer> {
  const askedBefore = network.asked('find')
  const [region] = await overlay.regions([point])
  const { members } = present(region, 'a region for each point')
  // A region may take in more than the nearest; only those are compared.
  const places = members.slice(0, NEAREST).map(({ id }) => id)
  return { places, requestCount: network.asked('find') - askedBefore }
}

/** With its sockets gone its farewells reach nobody, and what it still begins fails. */
function kill({ overlay, network, transport }: Member): void {
  transport.crash()
  void network.close()
  void overlay.stop()
}

function contactsOf(members: readonly Member[]): readonly Contact[] {
  return members.map(({ network }) => network.self)
}

function placeOf(key: Uint8Array): Point {
  return present(parseId<Point>(createHash('sha256').update(key).digest()), 'a hash has 32 bytes')
}
