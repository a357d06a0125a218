/**
 * The simulated world: nodes as processes on machines with disks, under one seed, one virtual clock and one simulated network.
 * Time passes only inside `run` and `runUntil`; between two events all promises settle; the same seed gives the same trace.
 * Everything that processes are given is synchronous or virtual: real I/O, timers or threads would break that.
 * Absent on purpose: what a node is. `spawn` turns ports into a running process.
 */
import { assert, present } from '../base/assert.ts'
import type { Coder } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { MessageMap } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Happening } from './eventQueue.ts'
import { contactOf, Fabric, SILENCE_MS_MAX } from './fabric.ts'
import { WORLD_NODE } from './lifetime.ts'
import { Links, type LinkOptions, type LinkSet } from './links.ts'
import { Machine, type GroundId, type NodePorts, type SimProcess } from './machine.ts'
import type { MessageBytes } from './objectNetwork.ts'
import { SeededRandom } from './seededRandom.ts'
import { stepSettled } from './settle.ts'
import type { DiskOptions, SimDisk } from './simDisk.ts'
import { Trace } from './trace.ts'
import { VirtualClock } from './virtualClock.ts'

/** Throws when the world breaks a promise. Runs after every event and must not change anything. */
export type Checker<W> = (world: W) => void

export interface WorldOptions<P extends SimProcess, M extends MessageMap> {
  readonly seed: number
  /** Nodes from the beginning; they start `spawnEveryMs` apart. */
  readonly nodes: number
  readonly spawnEveryMs?: number
  readonly spawn: (ports: NodePorts<M>, node: number) => Promise<P>
  readonly primitives: Primitives
  /** One that works where it is called, never in threads. */
  readonly coder: Coder
  readonly link?: LinkOptions
  readonly disk?: DiskOptions
  /** The IPv4 address of a node; by default each node has a /24 of its own. */
  readonly hostName?: (node: number) => string
  /** Bytes of a message that is passed as an object. */
  readonly messageBytes?: MessageBytes
  /** Asked for each machine when it is made, and again when its disk is lost. */
  readonly groundId?: GroundId
  /** Machines that can dial and cannot be dialled: they are reached over connections of their own making only. */
  readonly isBehindNat?: (node: number) => boolean
}

export interface RunOptions<W> {
  readonly check?: Checker<W> | readonly Checker<W>[]
}

/** A group of nodes, or one. */
export type Nodes = number | readonly number[]

/** A small message with its heads. */
const MESSAGE_BYTES_DEFAULT = 128

export class World<P extends SimProcess = SimProcess, M extends MessageMap = MessageMap> {
  /** Dice for whoever drives the world; processes have their own. */
  readonly random: SeededRandom
  readonly clock = new VirtualClock()
  private readonly trace = new Trace()
  private readonly links: Links
  private readonly fabric: Fabric
  private readonly newMachine: (node: number) => Machine<P, M>
  private readonly machines: Machine<P, M>[] = []
  private eventsFired = 0
  private isRunning = false

  constructor(options: WorldOptions<P, M>) {
    const { seed, nodes, spawnEveryMs = 0, hostName = hostNameOf } = options
    const { disk: diskOptions = {}, messageBytes = () => MESSAGE_BYTES_DEFAULT } = options
    const { groundId = () => undefined, isBehindNat = () => false } = options
    const dice = new SeededRandom(seed)
    this.random = dice.fork('driver')
    this.links = new Links(seed, options.link)
    this.fabric = new Fabric(this.clock, this.links, this.trace)
    const { spawn, primitives, coder } = options
    const deps = {
      fabric: this.fabric,
      dice,
      spawn,
      primitives,
      coder,
      diskOptions,
      messageBytes,
      groundId,
      isBehindNat,
    }
    this.newMachine = (node) => new Machine(deps, node, hostName(node))
    for (let node = 0; node < nodes; node++) this.add({ inMs: node * spawnEveryMs })
  }

  get nodeCount(): number {
    return this.machines.length
  }

  /** Events that have happened. */
  get eventCount(): number {
    return this.eventsFired
  }

  /** Tells two runs apart: over every event, its time, kind, nodes and size. 32 hex digits. */
  digest(): string {
    return this.trace.digest()
  }

  /** How to reach a node, whether it runs or not. */
  contact(node: number): Contact {
    return contactOf(this.machine(node).host)
  }

  /** What `spawn` returned for the process that runs now; undefined while the node is down or starting. */
  process(node: number): P | undefined {
    return this.machine(node).process
  }

  /** True from the start of a node's process to its end. */
  isUp(node: number): boolean {
    return this.machine(node).isUp
  }

  disk(node: number): SimDisk {
    return this.machine(node).disk
  }

  /** A further machine, whose process starts after `inMs`. Returns the node's number. */
  add(options: { readonly inMs?: number } = {}): number {
    const machine = this.newMachine(this.machines.length)
    this.machines.push(machine)
    this.fabric.addHost(machine.host)
    this.clock.after(options.inMs ?? 0, () => {
      if (machine.hasEverBooted) return
      this.note('boot', machine.host.node)
      machine.boot()
    })
    return machine.host.node
  }

  /**
   * Ends a process without a word. `crash` leaves the machine on the network, where it resets its connections; `vanish` takes
   * the machine away, and peers meet silence. A node that is down already stays down.
   */
  crash(node: number, how: 'crash' | 'vanish' = 'crash'): void {
    const machine = this.machine(node)
    machine.host.vanished = how === 'vanish'
    this.note(how, node)
    machine.end()
  }

  /** Starts a node again, with its disk or, under a new identity, with an empty one. The node must be down. */
  restart(node: number, options: { readonly disk: 'kept' | 'lost' }): void {
    const machine = this.machine(node)
    assert(!machine.isUp, 'a node that restarts is down')
    this.note(`restart ${options.disk}`, node)
    if (options.disk === 'lost') machine.replaceDisk()
    machine.boot()
  }

  /** Gives a machine that is down another IPv4 address, as a provider does over night. */
  move(node: number, hostName: string): void {
    const machine = this.machine(node)
    assert(!machine.isUp, 'a node that moves is down')
    this.note('move', node)
    this.fabric.moveHost(machine.host, hostName)
  }

  /** Lets a process stop in good order. Settles in virtual time: pass it to `runUntil`. */
  async stop(node: number): Promise<void> {
    const machine = this.machine(node)
    const process = present(machine.process, 'a node that is stopped runs')
    await process.stop()
    if (machine.process !== process) return
    this.note('stop', node)
    machine.end()
  }

  /** Nothing passes between the two groups any more, or with `oneWay` nothing from `a` to `b`. Returns what mends it. */
  cut(a: Nodes, b: Nodes, options: { readonly oneWay?: boolean } = {}): () => void {
    const from = [a].flat()
    const to = [b].flat()
    this.note('cut', from[0] ?? WORLD_NODE, to[0] ?? WORLD_NODE)
    const mends = [this.links.cut(from, to)]
    if (options.oneWay !== true) mends.push(this.links.cut(to, from))
    this.clock.after(SILENCE_MS_MAX, () => {
      for (const node of [...from, ...to]) this.machine(node).network?.loseUnreachable()
    })
    return () => {
      this.note('mend', from[0] ?? WORLD_NODE, to[0] ?? WORLD_NODE)
      for (const mend of mends) mend()
    }
  }

  /** Messages between two nodes take `extraMs` longer, in both directions. */
  slow(a: number, b: number, extraMs: number): void {
    this.note('slow', a, b)
    this.links.slow(a, b, extraMs)
    this.links.slow(b, a, extraMs)
  }

  /** Messages between two nodes are held back for `durationMs` and then all get through. */
  clog(a: number, b: number, durationMs: number): void {
    this.note('clog', a, b)
    const untilMs = this.clock.elapsedMs + durationMs
    this.links.clog(a, b, untilMs)
    this.links.clog(b, a, untilMs)
  }

  /** As {@link slow} for every link of a set. Returns what ends it. */
  slowWhere(touches: LinkSet, extraMs: number): () => void {
    this.note('slow', WORLD_NODE)
    return this.links.hinder(touches, { extraMs })
  }

  /** As {@link clog} for every link of a set. */
  clogWhere(touches: LinkSet, durationMs: number): void {
    this.note('clog', WORLD_NODE)
    this.clock.after(durationMs, this.links.hinder(touches, { untilMs: this.clock.elapsedMs + durationMs }))
  }

  /** Undoes every cut, slowness and clog. Nodes that are down stay so. */
  heal(): void {
    this.note('heal', WORLD_NODE)
    this.links.heal()
  }

  /** Lets `durationMs` of virtual time pass. Rejects with what a checker throws, or with a defect of node code. */
  async run(durationMs: number, options: RunOptions<this> = {}): Promise<void> {
    const untilMs = this.clock.elapsedMs + durationMs
    await this.step(untilMs, options, () => false)
    this.clock.passTo(untilMs)
  }

  /**
   * Lets time pass until the promise settles or the predicate, asked after every event, holds; gives what the promise gives.
   * Rejects as `run` does, and when `limitMs` have passed.
   */
  async runUntil<T>(
    goal: Promise<T> | (() => boolean),
    options: RunOptions<this> & { readonly limitMs: number },
  ): Promise<T | undefined> {
    const untilMs = this.clock.elapsedMs + options.limitMs
    const reached = typeof goal === 'function' ? goal : settlement(goal)
    await this.step(untilMs, options, reached)
    if (!reached()) {
      this.clock.passTo(untilMs)
      throw new Error(`the world ran for ${options.limitMs} ms and did not get there`)
    }
    return typeof goal === 'function' ? undefined : goal
  }

  private async step(untilMs: number, options: RunOptions<this>, reached: () => boolean): Promise<void> {
    assert(!this.isRunning, 'the world runs once at a time')
    this.isRunning = true
    const checkers = [options.check ?? []].flat()
    try {
      await stepSettled(() => {
        const bug = this.fabric.takeBug()
        if (bug !== undefined) throw bug
        for (const check of checkers) check(this)
        if (reached() || this.clock.nextMs() > untilMs) return false
        this.fireNext()
        return true
      })
    } finally {
      this.isRunning = false
    }
  }

  private fireNext(): void {
    this.eventsFired++
    this.clock.fireNext(this.onEvent)
  }

  private readonly onEvent = ({ life }: Happening): void => {
    if (life.node !== WORLD_NODE) this.note('timer', life.node)
  }

  private note(kind: string, a: number, b: number = WORLD_NODE): void {
    this.trace.record(this.clock.elapsedMs, kind, a, b, 0)
  }

  private machine(node: number): Machine<P, M> {
    return present(this.machines[node], `node ${node}`)
  }
}

/** A /24 of its own for each of the first 65,536 nodes. */
function hostNameOf(node: number): string {
  return `10.${(node >> 8) & 255}.${node & 255}.${1 + (node >> 16)}`
}

function settlement(promise: Promise<unknown>): () => boolean {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  promise.then(settle, settle)
  return () => isSettled
}
