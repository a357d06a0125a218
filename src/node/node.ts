/**
 * One node: its layers made, connected and started, and stopped again. Runs in the real world and in the simulated one, on
 * whatever ports it is given. A thin router: whatever decides stands in the layers.
 */
import { Failure } from '../base/failure.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import type { Signer } from '../crypto/signer.ts'
import { Overlay } from '../overlay/overlay.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coder } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import type { Network } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import type { StateStore } from '../ports/stateStore.ts'
import type { DomainOf } from '../storage/failureDomain.ts'
import { Holdings } from '../storage/holdings.ts'
import { handOver, type HandedOver, type HandOverOptions } from '../storage/handOver.ts'
import type { Objects } from '../storage/objects.ts'
import { ObjectStore } from '../storage/objectStore.ts'
import { OwnerKeys } from '../storage/ownerKeys.ts'
import { GRACE_MS, REPAIR_SHARE } from '../storage/limits.ts'
import type { PlaceDeps } from '../storage/placeStripe.ts'
import { Proofs } from '../storage/proofs.ts'
import { PutJournals } from '../storage/putJournals.ts'
import { ReadLedger } from '../storage/readLedger.ts'
import { Repairer } from '../storage/repairer.ts'
import { Storekeeper } from '../storage/storekeeper.ts'
import { Stores } from '../storage/stores.ts'
import { StoreWindow } from '../storage/storeWindow.ts'
import type { ConnectionCounts } from '../wire/connectionCounts.ts'
import type { Messages } from '../wire/messages.ts'
import type { NodeStatus } from './status.ts'

export interface NodePorts {
  readonly clock: Clock
  readonly random: Random
  readonly primitives: Primitives
  readonly coder: Coder
  /** Not started yet; the node starts and closes it. */
  readonly network: Network<Messages> & { readonly connectedCount?: number; readonly connections?: ConnectionCounts }
  readonly fragments: FragmentStore
  readonly state: StateStore
}

export interface NodeConfig {
  /** The node's identity. */
  readonly signer: Signer
  /** Which ids keys have in this network; by default the hash of the key. Whoever gives it closes it. */
  readonly ids?: NodeIds
  readonly networkName: string
  readonly version: string
  /** Default share of nodes that may vanish at once, for puts that name none. */
  readonly survive: number
  /** Bytes of fragments that this node offers to keep; undefined for no bound but the disk. */
  readonly quotaBytes?: number
  /** How long a holder may be away before what it kept is rebuilt; {@link GRACE_MS} when absent. */
  readonly graceMs?: number
  /** A stripe is repaired when at most this share of it is left; {@link REPAIR_SHARE} when absent. */
  readonly repairShare?: number
  /** Everything kept is verified once in this time; two weeks when absent. */
  readonly scrubPeriodMs?: number
  /** Who fails with whom; by addresses alone when absent. */
  readonly domainOf?: DomainOf
  /** Nodes to join through; none for the first node of a network. */
  readonly bootstrap: readonly Contact[]
}

/** What a node's operator may ask of its storage. */
export interface NodeStorage extends Pick<Storekeeper, 'usage' | 'verify' | 'gc'> {
  /** Gives all that is kept to others and takes nothing in any more: the node is about to leave for good. */
  handOver(options: HandOverOptions): Promise<HandedOver>
}

export class Node {
  private readonly store: ObjectStore
  private readonly ports: NodePorts
  private readonly config: NodeConfig
  private readonly overlay: Overlay
  private readonly placing: PlaceDeps
  private readonly repairer: Repairer
  private readonly storekeeper: Storekeeper
  private readonly journals: PutJournals
  private readonly ledger = new ReadLedger()
  private readonly startedMs: number

  private constructor(ports: NodePorts, config: NodeConfig) {
    this.ports = ports
    this.config = config
    this.startedMs = ports.clock.now()
    this.overlay = new Overlay(ports)
    this.journals = new PutJournals(ports)
    const { overlay, ledger, journals } = this
    const holdings = new Holdings({ ...ports, overlay })
    const ids = config.ids ?? new NodeIds(ports.primitives)
    const checks = new Holdings({ ...ports, overlay }, 'check')
    const proofs = new Proofs({ ...ports, overlay })
    const domains = config.domainOf === undefined ? {} : { domainOf: config.domainOf }
    const sending = { window: new StoreWindow(), stores: new Stores({ ...ports, ids }) }
    const deps = { ...ports, ids, overlay, holdings, checks, proofs, ledger, ...sending, ...domains }
    this.placing = deps
    this.store = new ObjectStore({ ...deps, journals, owners: new OwnerKeys(ports) }, config.survive)
    const rules = { graceMs: config.graceMs ?? GRACE_MS, share: config.repairShare ?? REPAIR_SHARE }
    this.repairer = new Repairer(deps, rules)
    this.storekeeper = new Storekeeper({ ...ports, signer: config.signer, overlay, events: this.repairer }, config)
    this.storekeeper.serve(ports.network)
    this.overlay.serve()
  }

  /**
   * Listens, joins through the bootstrap contacts and the peers of earlier runs, and serves. Rejects when it cannot listen or
   * is aborted, with all that it was given closed; finding nobody to join is no error.
   */
  static async start(ports: NodePorts, config: NodeConfig, signal?: AbortSignal): Promise<Node> {
    const node = new Node(ports, config)
    try {
      await ports.network.start({
        onPeer: (peer) => node.overlay.onPeer(peer),
        onPeerLost: (id) => node.overlay.onPeerLost(id),
        isContact: (id) => node.overlay.isContact(id),
      })
      await node.overlay.join(config.bootstrap, signal)
    } catch (error) {
      await node.stop()
      throw error
    }
    node.overlay.start()
    node.storekeeper.start()
    node.repairer.start()
    node.journals.start()
    return node
  }

  get objects(): Objects {
    return this.store
  }

  /** What this node keeps for others: who has how much of it, and commands to verify and to sweep it now. */
  get storage(): NodeStorage {
    const { storekeeper } = this
    return {
      usage: () => storekeeper.usage(),
      verify: (options) => storekeeper.verify(options),
      gc: (options) => storekeeper.gc(options),
      handOver: (options) => {
        storekeeper.leave()
        return handOver({ ...this.placing, fragments: this.ports.fragments }, options)
      },
    }
  }

  /** How others reach this node. */
  get contact(): Contact {
    return this.ports.network.self
  }

  status(): NodeStatus {
    const { clock, network } = this.ports
    return {
      id: network.self.id,
      network: this.config.networkName,
      version: this.config.version,
      addresses: network.self.addresses,
      uptimeMs: clock.now() - this.startedMs,
      survive: this.config.survive,
      overlay: {
        contacts: this.overlay.contactCount,
        connected: network.connectedCount ?? this.overlay.contactCount,
        networkSize: this.overlay.networkSize(),
        departures: this.overlay.departureCount,
      },
      ...(network.connections === undefined ? {} : { connections: network.connections }),
      storage: this.storekeeper.status(),
      repair: this.repairer.counts,
      reads: {
        fragmentsVerified: this.ledger.verifiedCount,
        fragmentsDamaged: this.ledger.damagedCount,
        liars: this.ledger.liars(),
      },
    }
  }

  /** Ends the calls under way, leaves the network and closes what it was given. Nothing of the node is left in the event loop then. */
  async stop(): Promise<void> {
    this.store.close()
    this.repairer.stop(new Failure('closed', 'this node is stopping'))
    this.storekeeper.stop()
    await this.overlay.stop()
    await this.ports.network.close()
    await this.journals.close()
    await this.ports.fragments.close()
    await this.ports.state.close()
  }
}
