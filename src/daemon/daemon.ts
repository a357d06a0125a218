/**
 * One node as this machine runs it: its home, the drivers under it and the API over it. The one place where the real world's ports
 * are put together; what the parts do stands in their own folders.
 */
import { join } from 'node:path'
import { expectedRuns, printPuzzle, type IdPuzzle } from '../crypto/idPuzzle.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { openIdentity, type NodeIdentity } from '../drivers/nodeIdentity.ts'
import { LmdbFragmentStore } from '../drivers/lmdbFragmentStore.ts'
import { LmdbStateStore } from '../drivers/lmdbStateStore.ts'
import { NodeMemoryHard } from '../drivers/nodeMemoryHard.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { SystemClock } from '../drivers/systemClock.ts'
import { SystemRandom } from '../drivers/systemRandom.ts'
import { TlsTransport } from '../drivers/tlsTransport.ts'
import { WorkerCoder } from '../drivers/workerCoder.ts'
import { Gateway } from '../gateway/gateway.ts'
import { Node } from '../node/node.ts'
import type { Coder } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import { DirectoryStore } from '../vault/directoryStore.ts'
import { USUAL_BOUNDS, type ByteRates, type ConnectionBounds } from '../wire/connectionCounts.ts'
import { PeerNetwork } from '../wire/peerNetwork.ts'
import { readDomainFile } from './domainFile.ts'
import { ensureToken, removeRuntime, takeHome, tokenFileOf, writeRuntime } from './home.ts'
import { openLog, type Log } from './log.ts'
import { programVersion } from './version.ts'

export interface DaemonOptions {
  /** The folder for everything of this node; made where there is none. */
  readonly home: string
  /** Nodes of other networks are refused. */
  readonly networkName: string
  /** What ids of the network cost; nothing when absent. Nodes that ask for another price are refused. */
  readonly puzzle?: IdPuzzle
  /** The IP address and port that other nodes reach; port 0 takes any. */
  readonly listen: { readonly host: string; readonly port: number }
  /** The API's port on loopback; 0 takes any. */
  readonly apiPort: number
  /** Share of nodes that may vanish at once, for puts that name none. */
  readonly survive: number
  /** Bytes of fragments that this node keeps at most; undefined for what the disk holds. */
  readonly quotaBytes?: number
  /** Connections open at once, of both sides; what the wire's limits say when absent. */
  readonly connectionsMax?: number
  /** Connections made in a minute; what the wire's limits say when absent. */
  readonly dialsPerMinuteMax?: number
  /** Bytes a second to and from all other nodes; no bound when absent. */
  readonly rates?: ByteRates
  /** How long another holder may be away before what it kept is rebuilt; the usual hours when absent. */
  readonly graceMs?: number
  /** A file that tells which addresses fail together (docs/cli.md); by default those of one /24 or /48. */
  readonly domainFile?: string
  readonly bootstrap: readonly Contact[]
  /** Where the token that opens the API stands; by default in the home. */
  readonly tokenFile?: string
  /** Coding shared by nodes of one process, who then closes it; by default the node has its own. */
  readonly coder?: Coder
  /** What stands between the node and its network, for nodes that misbehave on purpose. */
  readonly wrapNetwork?: (network: PeerNetwork) => PeerNetwork
  /** This node has no key yet, and looks for one that solves the puzzle: once in its life, of unknown length. */
  readonly onGrinding?: () => void
  /** Another node and this one do not become peers, because one would not have the other. */
  readonly onRefused?: (reason: string) => void
}

export interface Daemon {
  readonly contact: Contact
  /** The API's address, without a path. */
  readonly api: string
  /** Ends everything: responses under way within 10 s, or at once when `hurry` is aborted. Nothing stays in the event loop. */
  stop(hurry?: AbortSignal): Promise<void>
}

type Close = (hurry?: AbortSignal) => Promise<void> | void

/** Rejects with `refused` (home in use, port taken) or `storage`; then nothing is left running. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const closers: Close[] = []
  const stop = async (hurry?: AbortSignal): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close(hurry)
  }
  try {
    const lock = await takeHome(options.home)
    closers.push(() => lock.release())
    const log = openLog(options.home)
    closers.push(() => {
      log.close()
    })
    const node = await startNode(options, log, closers)
    const gateway = await openDoor(options, node, log, closers)
    log.info({ id: node.contact.id, addresses: node.contact.addresses, api: gateway.url }, 'serving')
    return { contact: node.contact, api: gateway.url, stop }
  } catch (error) {
    await stop(AbortSignal.abort())
    throw error
  }
}

async function startNode(options: DaemonOptions, log: Log, closers: Close[]): Promise<Node> {
  const { home, networkName, quotaBytes, graceMs, domainFile } = options
  const domains = domainFile === undefined ? {} : { domainOf: await readDomainFile(domainFile) }
  const primitives = new NodePrimitives()
  const ids = idsOf(options, primitives)
  closers.push(() => ids.close())
  const identity = await identityOf(options, primitives, ids, log)
  const fragments = await LmdbFragmentStore.open({
    folder: join(home, 'fragments'),
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
  })
  closers.push(() => fragments.close())
  const state = await LmdbStateStore.open(join(home, 'state'))
  closers.push(() => state.close())
  const coder = options.coder ?? ownCoder(closers)
  const network = networkOf(options, identity, ids, log)
  closers.push(() => network.close())
  const ports = {
    clock: new SystemClock(),
    random: new SystemRandom(),
    primitives,
    coder,
    network: options.wrapNetwork?.(network) ?? network,
    fragments,
    state,
  }
  const node = await Node.start(ports, {
    signer: identity,
    ids,
    networkName,
    version: programVersion(),
    survive: options.survive,
    bootstrap: options.bootstrap,
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(graceMs === undefined ? {} : { graceMs }),
    ...domains,
  })
  closers.push(() => node.stop())
  return node
}

function networkOf(options: DaemonOptions, identity: NodeIdentity, ids: NodeIds, log: Log): PeerNetwork {
  const { networkName, puzzle, listen } = options
  const transport = new TlsTransport({
    identity,
    primitives: new NodePrimitives(),
    ids,
    ...listen,
    onTurnedAway: (host, reason) => {
      log.info({ host, reason }, 'turned a connection away')
    },
  })
  const onRefused = (peer: string, reason: string): void => {
    log.info({ peer, reason }, 'a node did not become a peer')
    options.onRefused?.(`node ${peer}: ${reason}`)
  }
  const bounds = boundsOf(options)
  const { rates = {} } = options
  const clock = new SystemClock()
  return new PeerNetwork({ clock, transport, id: identity.id, networkName, puzzle, bounds, rates, onRefused })
}

/** Whoever allows fewer dials a minute than may be made at once means those too. */
function boundsOf({ connectionsMax, dialsPerMinuteMax }: DaemonOptions): ConnectionBounds {
  const dials = dialsPerMinuteMax ?? USUAL_BOUNDS.dialsPerMinuteMax
  return {
    connectionsMax: connectionsMax ?? USUAL_BOUNDS.connectionsMax,
    dialsPerMinuteMax: dials,
    dialsAtOnceMax: Math.min(USUAL_BOUNDS.dialsAtOnceMax, dials),
  }
}

function idsOf({ networkName: network, puzzle }: DaemonOptions, primitives: NodePrimitives): NodeIds {
  if (puzzle === undefined) return new NodeIds(primitives)
  return new NodeIds(primitives, { network, puzzle, memoryHard: new NodeMemoryHard() })
}

function identityOf(
  { home, puzzle, onGrinding }: DaemonOptions,
  primitives: NodePrimitives,
  ids: NodeIds,
  log: Log,
): Promise<NodeIdentity> {
  return openIdentity(home, primitives, ids, (attempts) => {
    const expected = puzzle === undefined ? 1 : expectedRuns(puzzle)
    log.info({ attempts, expected, puzzle: printPuzzle(puzzle) }, 'looking for a key that solves the puzzle for ids')
    if (attempts === 0) onGrinding?.()
  })
}

async function openDoor(options: DaemonOptions, node: Node, log: Log, closers: Close[]): Promise<Gateway> {
  const tokenFile = options.tokenFile ?? tokenFileOf(options.home)
  const gateway = await Gateway.start({
    objects: node.objects,
    directories: new DirectoryStore(node.objects),
    primitives: new NodePrimitives(),
    status: () => node.status(),
    storage: node.storage,
    home: options.home,
    token: await ensureToken(tokenFile),
    port: options.apiPort,
    onFault: (fault) => {
      log.error({ fault: textOf(fault) }, 'a request met a fault of the program')
    },
  })
  closers.push((hurry) => gateway.stop(hurry))
  await writeRuntime(options.home, { api: gateway.url, pid: process.pid, tokenFile })
  closers.push(() => removeRuntime(options.home))
  return gateway
}

function ownCoder(closers: Close[]): Coder {
  const coder = new WorkerCoder()
  closers.push(() => coder.close())
  return coder
}

/** The stack of a fault names code, not content. */
function textOf(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
}
