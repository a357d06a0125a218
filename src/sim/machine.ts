/**
 * A machine of the world: its place on the network, its disk, and the process that runs on it now, if any. Gives a process its
 * ports and takes them all away again.
 */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import { signerOf, type Signer } from '../crypto/signer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coder } from '../ports/coder.ts'
import type { Transport } from '../ports/connection.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import type { MessageMap, Network } from '../ports/network.ts'
import { KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { simAddress, type Fabric, type Host } from './fabric.ts'
import { Lifetime } from './lifetime.ts'
import { ObjectNetwork, type MessageBytes } from './objectNetwork.ts'
import type { SeededRandom } from './seededRandom.ts'
import { SimDisk, type DiskOptions } from './simDisk.ts'
import { SimTransport } from './simTransport.ts'

/** Everything a node is made of. All of it dies with the process but what is on the disk. */
export interface NodePorts<M extends MessageMap = MessageMap> {
  readonly clock: Clock
  readonly random: Random
  /** Real frames over simulated connections. A node uses this or `network`. */
  readonly transport: Transport
  /** Objects instead of frames, for big worlds. */
  readonly network: Network<M>
  readonly fragments: FragmentStore
  readonly state: StateStore
  readonly primitives: Primitives
  readonly coder: Coder
  /** The node's Ed25519 seed, 32 bytes, and what follows from it. A lost disk takes its identity with it. */
  readonly seed: Bytes
  readonly signer: Signer
}

/** A process as the world sees it. */
export interface SimProcess {
  /** Ends it in good order; settles in virtual time. */
  stop(): Promise<void>
}

export interface MachineDeps<P extends SimProcess, M extends MessageMap> {
  readonly fabric: Fabric
  readonly dice: SeededRandom
  readonly spawn: (ports: NodePorts<M>, node: number) => Promise<P>
  readonly primitives: Primitives
  readonly coder: Coder
  readonly diskOptions: DiskOptions
  readonly messageBytes: MessageBytes
  readonly groundId: GroundId
  readonly isBehindNat: (node: number) => boolean
}

/**
 * The id of a node that has found the one key in millions which gives it, as an attacker would; undefined for the id of the
 * world's dice. Signatures of such a node do not fit its id: the key is not really looked for.
 */
export type GroundId = (node: number) => NodeId | undefined

interface Running<P> {
  process?: P
  readonly transport: SimTransport
  readonly network: ObjectNetwork
}

export class Machine<P extends SimProcess, M extends MessageMap> {
  readonly host: Host
  private readonly deps: MachineDeps<P, M>
  private readonly node: number
  private readonly name: string
  private diskNow: SimDisk
  private diskCount = 0
  private bootCount = 0
  private seed: Bytes
  private signer: Signer
  private running: Running<P> | undefined

  /** `name` is an IPv4 address, used by no other machine with this number. */
  constructor(deps: MachineDeps<P, M>, node: number, name: string) {
    this.deps = deps
    this.node = node
    this.name = `node/${node}`
    this.diskNow = new SimDisk(deps.diskOptions)
    ;({ seed: this.seed, signer: this.signer } = this.newIdentity())
    this.host = {
      node,
      name,
      address: simAddress(name, node),
      id: this.signer.id,
      contact: undefined,
      life: undefined,
      vanished: false,
      isBehindNat: deps.isBehindNat(node),
      listener: undefined,
      objects: undefined,
    }
  }

  get disk(): SimDisk {
    return this.diskNow
  }

  get isUp(): boolean {
    return this.running !== undefined
  }

  get hasEverBooted(): boolean {
    return this.bootCount > 0
  }

  /** What `spawn` has made; undefined while it is down or starting. */
  get process(): P | undefined {
    return this.running?.process
  }

  get network(): ObjectNetwork | undefined {
    return this.running?.network
  }

  /** Starts a process. A defect in its start stops the world. */
  boot(): void {
    const { deps, host } = this
    assert(this.running === undefined, 'one process a machine')
    const life = new Lifetime(host.node)
    const running: Running<P> = {
      transport: new SimTransport(deps.fabric, host, life),
      network: new ObjectNetwork(deps.fabric, host, life, deps.messageBytes),
    }
    const ports = this.portsFor(life, running.transport, running.network)
    host.life = life
    host.vanished = false
    this.running = running
    deps.spawn(ports, host.node).then(
      (process) => {
        running.process = process
      },
      (error: unknown) => {
        if (!life.ended) deps.fabric.reportBug(error)
      },
    )
  }

  /** Ends the process, whatever it is doing; nothing happens when there is none. */
  end(): void {
    const { host, running } = this
    host.life?.end()
    host.life = undefined
    this.running = undefined
    this.diskNow.crash()
    running?.transport.crash()
    running?.network.crash()
  }

  /** Puts in an empty disk. The old one's identity is lost with it. */
  replaceDisk(): void {
    this.diskNow = new SimDisk(this.deps.diskOptions)
    ;({ seed: this.seed, signer: this.signer } = this.newIdentity())
    this.host.id = this.signer.id
  }

  private portsFor(life: Lifetime, transport: SimTransport, network: ObjectNetwork): NodePorts<M> {
    const { fabric, dice, primitives, coder } = this.deps
    const clock = fabric.clock.viewFor(life)
    const random = dice.fork(`${this.name}/boot/${this.bootCount++}`)
    return {
      clock,
      random,
      transport,
      // Both sides of every exchange are spawned by the same function, so the kinds and their types agree.
      network: network as Network<M>,
      ...this.diskNow.open(life, clock, random),
      primitives,
      coder,
      seed: this.seed,
      signer: this.signer,
    }
  }

  private newIdentity(): { seed: Bytes; signer: Signer } {
    const { dice, primitives, groundId } = this.deps
    const seed = dice.fork(`${this.name}/identity/${this.diskCount++}`).bytes(KEY_BYTES)
    const signer = signerOf(primitives, seed)
    return { seed, signer: { ...signer, id: groundId(this.node) ?? signer.id } }
  }
}
