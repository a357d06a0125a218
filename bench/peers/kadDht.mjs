/**
 * js-libp2p with @libp2p/kad-dht as a subject of the benchmark of overlays, set up as its README says for a network of private
 * addresses. Neither the compiler nor knip looks at this folder, because what it imports is installed by the benchmark's first run and
 * by nothing else.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify } from '@libp2p/identify'
import { kadDHT, removePublicAddressesMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { BOOTSTRAPS } from '../overlay/subject.ts'
import { destroySocketsOf, watchSockets } from './sockets.mjs'

/** The overlay's own lookup. */
const DHT = 'dht.getClosestPeers'
/** libp2p's over it, which further looks up the address of each peer that it was not told of. */
const PEER_ROUTING = 'peerRouting.getClosestPeers'

/** Unused connections are closed after this, as ours are; by default after two minutes. */
const IDLE_MS = 600_000
const IDLE = { inboundSocketInactivityTimeout: IDLE_MS, outboundSocketInactivityTimeout: IDLE_MS }
/** Its timeouts begin at 5 s, which a thread shared by all nodes exceeds when 8 lookups are under way. */
const PATIENCE = { minTimeout: 30_000 }
/** A process that is busy with its other nodes lets a dial time out now and then. */
const DIALS_MAX = 10

/** @type {import('../overlay/subject.ts').StartSubject} */
export async function startKadDht({ hosts, untilCalm }) {
  watchSockets()
  const nodes = []
  for (const host of hosts) {
    const node = await start(host)
    for (const other of nodes.slice(0, BOOTSTRAPS)) await connect(node, other)
    nodes.push(node)
    await untilCalm()
  }
  return {
    title: `js-libp2p ${versionOf('libp2p')}, @libp2p/kad-dht ${versionOf('@libp2p/kad-dht')}`,
    ways: [DHT, PEER_ROUTING],
    places: nodes.map(({ peerId }) => placeOf(peerId.toMultihash().bytes)),
    // A node's lookup never names itself.
    namesAsker: false,
    placeOf,
    lookup: (way, asker, key) => lookup(way, nodes[asker], key),
    delayRequests(delayMs) {
      for (const node of nodes) delayRequests(node.services.dht.network, delayMs)
    },
    kill(indices) {
      for (const index of indices) destroySocketsOf(hosts[index])
      // What is left of it must not go on thinking in a thread that others need.
      for (const index of indices) void nodes[index].stop().catch(() => undefined)
    },
  }
}

function start(host) {
  return createLibp2p({
    addresses: { listen: [`/ip4/${host}/tcp/0`] },
    transports: [tcp({ dialOpts: { localAddress: host }, ...IDLE })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // The limits of connections from one host would tell these nodes from strangers: 5 a second, and 10 half open.
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
    // It pings each connection every 10 s: with all nodes in one thread that alone would keep it busy.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: '/ipfs/lan/kad/1.0.0',
        peerInfoMapper: removePublicAddressesMapper,
        clientMode: false,
        networkDialTimeout: PATIENCE,
        pingNewContactTimeout: PATIENCE,
        pingOldContactTimeout: PATIENCE,
      }),
    },
  })
}

async function connect(node, other) {
  for (let attempt = 1; ; attempt++) {
    try {
      await node.dial(other.getMultiaddrs())
      return
    } catch (error) {
      if (attempt === DIALS_MAX) throw error
    }
  }
}

async function lookup(way, node, key) {
  let requestCount = 0
  const onProgress = (event) => {
    if (event.type === 'kad-dht:query:send-query') requestCount++
  }
  const places = []
  for await (const { id } of closestPeers(way, node, key, { onProgress })) places.push(placeOf(id.toMultihash().bytes))
  return { places, requestCount }
}

async function* closestPeers(way, node, key, options) {
  if (way === PEER_ROUTING) yield* node.peerRouting.getClosestPeers(key, options)
  else {
    for await (const event of node.services.dht.getClosestPeers(key, options)) {
      if (event.name === 'FINAL_PEER') yield event.peer
    }
  }
}

/** The DHT's own sender of requests, which it looks up for each. A stream's opening, which takes a round trip more, is not delayed. */
function delayRequests(network, delayMs) {
  const send = Object.getPrototypeOf(network).sendRequest
  network.sendRequest = async function* (...request) {
    if (delayMs > 0) await sleep(delayMs)
    yield* send.apply(network, request)
  }
}

/** Keys and peers alike lie at the hash of their bytes. */
function placeOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
}
