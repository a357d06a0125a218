/** The real network of a node, watched: which requests are under way, and what others have given their word for. */
import type { NodeId, StripeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { RequestOptions } from '../ports/network.ts'
import type { MessageKind, Messages } from '../wire/messages.ts'
import { PeerNetwork, type PeerNetworkDeps } from '../wire/peerNetwork.ts'

export type StoreRequest = Messages['store']['request']

export interface StoreWatch {
  /** Fragments leave for a holder. */
  readonly onSent?: (request: StoreRequest) => void
  /** A holder has given its word for them. */
  readonly onStored?: (request: StoreRequest) => void
}

export class WatchedNetwork extends PeerNetwork {
  /** Requests of this process so far, by kind. */
  readonly begun = new Map<MessageKind, number>()
  private readonly underWay = new Map<MessageKind, number>()
  private readonly watcher: Watcher
  private readonly stores: StoreWatch

  constructor(deps: PeerNetworkDeps, watcher: Watcher, stores: StoreWatch = {}) {
    super(deps)
    this.watcher = watcher
    this.stores = stores
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
    if (kind === 'release') this.watcher.release(peer.id, request as unknown as Messages['release']['request'])
    const offers = offersIn(kind, request)
    for (const offer of offers) this.stores.onSent?.(offer)
    try {
      const reply = await super.request(peer, kind, request, options)
      this.tell(peer.id, { kind, request, reply } as unknown as Exchange)
      for (const offer of offers) this.stores.onStored?.(offer)
      return reply
    } finally {
      add(this.underWay, kind, -1)
    }
  }

  private tell(holder: NodeId, { kind, request, reply }: Exchange): void {
    if (kind === 'store') this.watcher.add(holder, request, reply.expiresMs)
    if (kind === 'storeAll') {
      for (const [at, offer] of request.offers.entries()) this.watcher.add(holder, offer, reply.expiresMs[at] ?? 0)
    }
    if (kind !== 'renew') return
    for (const [at, stripe] of request.stripes.entries()) {
      const untilMs = reply.expiresMs[at]
      if (untilMs !== undefined) this.watcher.renew(holder, stripe, untilMs)
    }
  }
}

/** What is told of promises; sim/checkers/acknowledgedFragments.ts remembers them. */
interface Watcher {
  add(holder: NodeId, request: Messages['store']['request'], untilMs: number): void
  renew(holder: NodeId, stripe: StripeId, untilMs: number): void
  release(holder: NodeId, request: Messages['release']['request']): void
}

type Exchange = { [K in MessageKind]: { readonly kind: K } & Messages[K] }[MessageKind]

/** What is to be stored, one stripe each, whether it travels alone or with others. */
function offersIn<K extends MessageKind>(kind: K, request: Messages[K]['request']): readonly StoreRequest[] {
  if (kind === 'store') return [request as unknown as StoreRequest]
  if (kind !== 'storeAll') return []
  const { offers, body = [] } = request as unknown as Messages['storeAll']['request']
  let at = 0
  return offers.map((offer) => ({ ...offer, body: body.slice(at, (at += offer.fragments.length)) }))
}

function add(counts: Map<MessageKind, number>, kind: MessageKind, change: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + change)
}
