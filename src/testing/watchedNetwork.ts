/** The real network of a node, watched: which requests are under way, and which fragments others gave their word for. */
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { RequestOptions } from '../ports/network.ts'
import type { MessageKind, Messages } from '../wire/messages.ts'
import { PeerNetwork, type PeerNetworkDeps } from '../wire/peerNetwork.ts'

export type StoreRequest = Messages['store']['request']

export interface NetworkWatch {
  /** Fragments leave for a holder. */
  readonly onSent?: (request: StoreRequest) => void
  /** A holder has given its word for them. */
  readonly onStored: (holder: NodeId, request: StoreRequest) => void
}

export class WatchedNetwork extends PeerNetwork {
  /** Requests of this process so far, by kind. */
  readonly begun = new Map<MessageKind, number>()
  private readonly underWay = new Map<MessageKind, number>()
  private readonly watch: NetworkWatch

  constructor(deps: PeerNetworkDeps, watch: NetworkWatch) {
    super(deps)
    this.watch = watch
  }

  /** Requests of this kind that have not settled. */
  pendingCount(kind: MessageKind): number {
    return this.underWay.get(kind) ?? 0
  }

  override async request<K extends MessageKind>(
    peer: Contact,
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    add(this.begun, kind, 1)
    add(this.underWay, kind, 1)
    if (kind === 'store') this.watch.onSent?.(request as unknown as StoreRequest)
    try {
      const reply = await super.request(peer, kind, request, options)
      if (kind === 'store') this.watch.onStored(peer.id, request as unknown as StoreRequest)
      return reply
    } finally {
      add(this.underWay, kind, -1)
    }
  }
}

function add(counts: Map<MessageKind, number>, kind: MessageKind, change: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + change)
}
