/** What a node says about itself, as `status` prints it. Fields are only ever added. */
import type { NodeId } from '../base/id.ts'
import type { Address } from '../ports/connection.ts'
import type { RepairCounts } from '../storage/repairer.ts'
import type { StorageStatus } from '../storage/storekeeper.ts'
import type { ConnectionCounts } from '../wire/connectionCounts.ts'

export interface NodeStatus {
  readonly id: NodeId
  readonly network: string
  readonly version: string
  readonly addresses: readonly Address[]
  readonly uptimeMs: number
  /** The default for puts: share of nodes that may vanish at once. */
  readonly survive: number
  readonly overlay: {
    /** Live contacts in the routing table. */
    readonly contacts: number
    readonly connected: number
    /** Estimate of all nodes of the network, this one included. */
    readonly networkSize: number
    readonly departures: number
  }
  /** Connections with other nodes and their bounds; absent where nodes meet without connections. */
  readonly connections?: ConnectionCounts
  readonly storage: StorageStatus
  /** What this node did for the stripes it looks after. */
  readonly repair: RepairCounts
  readonly reads: {
    readonly fragmentsVerified: number
    /** Fragments that did not prove themselves, and were never used. */
    readonly fragmentsDamaged: number
    /** Who gave them, with how many each; at most 100 nodes, the worst first. */
    readonly liars: readonly { readonly id: NodeId; readonly damaged: number }[]
  }
}
