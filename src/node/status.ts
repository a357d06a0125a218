/** What a node says about itself, as `status` prints it. Fields are only ever added. */
import type { NodeId } from '../base/id.ts'
import type { Address } from '../ports/connection.ts'
import type { RepairCounts } from '../storage/repairer.ts'

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
  readonly storage: {
    readonly fragments: number
    readonly bytes: number
    /** Fragments that did not come back from the disk as they were put, and were dropped, since the start. */
    readonly damaged: number
    /** Bytes that this node offers; undefined for no bound but the disk. */
    readonly quotaBytes: number | undefined
    /** The store's state: `ok`, or why it takes nothing now. */
    readonly state: string
  }
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
