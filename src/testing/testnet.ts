/**
 * A local network on real sockets: the function behind `mainframe testnet`, the integration tests and the examples. Every node has
 * its own identity, stores, loopback address and API; they share one token. Starting again over the same folder brings back the
 * same nodes with all they keep.
 */
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { assert, present } from '../base/assert.ts'
import { Semaphore } from '../base/semaphore.ts'
import type { IdPuzzle } from '../crypto/idPuzzle.ts'
import { ensureToken, removeRuntime, takeHome, tokenFileOf, writeRuntime, type RuntimeNode } from '../daemon/home.ts'
import { TESTNET } from '../daemon/networks.ts'
import { WorkerCoder } from '../drivers/workerCoder.ts'
import { startInProcess, type NodeSpec, type RunningNode } from './testnetNode.ts'
import { startProcess } from './testnetProcess.ts'

export interface TestnetOptions {
  /** How many nodes; 1 .. NODES_MAX. */
  readonly nodes: number
  /** The testnet's home; made where there is none. */
  readonly dir: string
  /** A process for each node, which can then be killed. By default all run in this one. */
  readonly processes?: boolean
  /** Of the first node's API; by default any free one. */
  readonly port?: number
  /** Default of its puts: share of nodes that may vanish at once. By default 0.5. */
  readonly survive?: number
  /** How long a node may be away before what it kept is rebuilt; the usual hours when absent. */
  readonly graceMs?: number
  /** How many of the nodes, the last ones, return corrupted fragments. By default none. */
  readonly liars?: number
  /** Bytes of fragments that single nodes keep at most, by index. By default as much as the disk holds. */
  readonly quotaBytes?: Readonly<Record<number, number>>
  /** What ids cost. By default nothing; starting takes as many runs of the puzzle as it asks for, for each node. */
  readonly puzzle?: IdPuzzle
  /** A node ended that nobody stopped or killed by this testnet's own functions. */
  readonly onExit?: (exit: TestnetExit) => void
  /** Something the network promises less for, on this machine. */
  readonly onWarning?: (text: string) => void
}

export interface TestnetExit {
  readonly index: number
  readonly pid: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface TestnetNode extends RuntimeNode {
  readonly isRunning: boolean
  /** By default as a power cut would; a node of this process is stopped instead. Settles when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again over what it keeps, after its end. Its addresses are new. */
  restart(): Promise<void>
}

export interface Testnet {
  /** The first node's API, without a path. */
  readonly api: string
  readonly home: string
  /** Opens the API of every node. */
  readonly token: string
  readonly nodes: readonly TestnetNode[]
  /** Ends every node and leaves no process, timer or lock behind. */
  stop(): Promise<void>
}

const NODES_MAX = 1000
export const SURVIVE_DEFAULT = 0.5
/** Starting is mostly computing: more at once only makes all of them late. */
const STARTS_PARALLEL = 2 * availableParallelism()

/** Rejects with what kept a node from starting; then none is left running. */
export async function startTestnet(options: TestnetOptions): Promise<Testnet> {
  const { nodes: count, dir: home, liars = 0 } = options
  assert(Number.isInteger(count) && count >= 1 && count <= NODES_MAX, `a testnet has 1 .. ${NODES_MAX} nodes`)
  assert(Number.isInteger(liars) && liars >= 0 && liars <= count, 'the liars are among the nodes')
  const lock = await takeHome(home)
  const coder = new WorkerCoder()
  const slots: Slot[] = []
  const stop = async (): Promise<void> => {
    await removeRuntime(home)
    await Promise.all(slots.map((slot) => slot.stop()))
    await coder.close()
    await lock.release()
  }
  try {
    const token = await ensureToken(tokenFileOf(home))
    const hosts = await loopbackHosts(count, options.onWarning)
    const start = options.processes === true ? startProcess : (spec: NodeSpec) => startInProcess(spec, coder)
    for (const [index, host] of hosts.entries()) {
      const base = specOf(options, index, host)
      slots.push(new Slot({ index, base, start, others: slots, onExit: options.onExit }))
    }
    await startAll(slots)
    const [first] = slots
    const api = present(first, 'a testnet has a node').api
    await writeRuntime(home, { api, pid: process.pid, tokenFile: tokenFileOf(home), nodes: slots.map(factsOf) })
    return { api, home, token, nodes: slots, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What a node tells in the runtime file and in the `ready` line. */
export function factsOf({ index, id, pid, dir, listen, api }: RuntimeNode): RuntimeNode {
  return { index, id, pid, dir, listen, api }
}

interface SlotDeps {
  readonly index: number
  readonly base: Omit<NodeSpec, 'bootstrap'>
  readonly start: (spec: NodeSpec) => Promise<RunningNode>
  readonly others: readonly Slot[]
  readonly onExit: TestnetOptions['onExit']
}

/** A node's place in the testnet, which outlives its process. */
class Slot implements TestnetNode {
  readonly index: number
  private readonly deps: SlotDeps
  private running: RunningNode | undefined
  private last: RunningNode | undefined

  constructor(deps: SlotDeps) {
    this.index = deps.index
    this.deps = deps
  }

  get id(): string {
    return this.facts.contact.id
  }

  get pid(): number {
    return this.facts.pid
  }

  get dir(): string {
    return this.deps.base.home
  }

  get listen(): string {
    return this.facts.contact.addresses[0] ?? ''
  }

  get api(): string {
    return this.facts.api
  }

  get isRunning(): boolean {
    return this.running !== undefined
  }

  async start(): Promise<void> {
    assert(!this.isRunning, 'a node that runs is not started')
    const bootstrap = this.deps.others.flatMap(({ running }) => running?.facts.contact ?? []).slice(0, 3)
    const running = await this.deps.start({ ...this.deps.base, bootstrap })
    this.running = running
    this.last = running
    void running.ended.then((end) => {
      if (this.running !== running) return
      this.running = undefined
      this.deps.onExit?.({ index: this.index, pid: running.facts.pid, ...end })
    })
  }

  async restart(): Promise<void> {
    await this.start()
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { running } = this
    this.running = undefined
    await running?.kill(signal)
  }

  async stop(): Promise<void> {
    const { running } = this
    this.running = undefined
    await running?.stop()
  }

  private get facts(): RunningNode['facts'] {
    return present(this.last, 'a node that has been started').facts
  }
}

function specOf(options: TestnetOptions, index: number, host: string): Omit<NodeSpec, 'bootstrap'> {
  const { nodes: count, dir, port = 0, survive = SURVIVE_DEFAULT, liars = 0, puzzle, graceMs, quotaBytes } = options
  return {
    home: join(dir, 'nodes', String(index).padStart(2, '0')),
    networkName: TESTNET,
    ...(puzzle === undefined ? {} : { puzzle }),
    ...(graceMs === undefined ? {} : { graceMs }),
    ...(quotaBytes?.[index] === undefined ? {} : { quotaBytes: quotaBytes[index] }),
    host,
    apiPort: index === 0 ? port : 0,
    tokenFile: tokenFileOf(dir),
    survive,
    lies: index >= count - liars,
  }
}

/** The first alone, for it is the way in for the others. */
async function startAll([first, ...rest]: readonly Slot[]): Promise<void> {
  await first?.start()
  const turns = new Semaphore(STARTS_PARALLEL)
  const outcomes = await Promise.allSettled(
    rest.map(async (slot) => {
      const release = await turns.acquire()
      await slot.start().finally(release)
    }),
  )
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/**
 * A loopback address for each node, each in a /24 of its own, so that the rules against many nodes in one place have something to
 * judge. Systems that do not route all of 127/8 to themselves get 127.0.0.1 for all.
 */
async function loopbackHosts(count: number, warn: TestnetOptions['onWarning']): Promise<readonly string[]> {
  const hosts = Array.from({ length: count }, (_, index) => `127.${24 + (index >> 8)}.${index & 255}.1`)
  if (await canListen(hosts.at(-1) ?? '')) return hosts
  warn?.('this system has only 127.0.0.1: all nodes share it, so rules about address diversity see one place')
  return hosts.map(() => '127.0.0.1')
}

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => {
      resolve(false)
    })
    probe.listen({ host, port: 0, exclusive: true }, () =>
      probe.close(() => {
        resolve(true)
      }),
    )
  })
}
