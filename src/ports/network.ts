/**
 * Requests between nodes. `M` maps each kind of message to its request and reply (wire/messages.ts has the one we use).
 * Implemented over connections (wire/peerNetwork.ts) and, for big worlds, by passing objects (sim/objectNetwork.ts).
 * Acceptance suite: testing/suites/network.ts.
 */
import type { NodeId } from '../base/id.ts'
import type { Contact } from './connection.ts'

export type MessageMap = Readonly<Record<string, { readonly request: unknown; readonly reply: unknown }>>

export interface RequestOptions {
  /** The request rejects with `timed-out` after this long, connecting included. */
  readonly timeoutMs: number
  /** Aborting rejects at once and tells the peer to stop working on it. */
  readonly signal?: AbortSignal
}

/** The node a request came from: its proven id, the host it was seen at, and the addresses it says it can be reached at. */
export interface Peer extends Contact {
  readonly host: string
  /** Id and addresses alone, to be kept and told to others: one object for as long as they stay the same. */
  readonly contact: Contact
}

export type Handler<Request, Reply> = (request: Request, from: Peer, signal: AbortSignal) => Promise<Reply> | Reply

export interface PeerEvents {
  /** A first connection to or from this peer stands; its addresses are those it announced. */
  onPeer(peer: Peer): void
  /** The last connection to this peer ended without our closing it for idleness. It may be gone. */
  onPeerLost(id: NodeId, reason: string): void
  /** Whether the peer is one that this node relies on: where connections are too many, strangers make way for it. Nobody, when absent. */
  isContact?(id: NodeId): boolean
}

export interface Network<M extends MessageMap> {
  /** This node's own contact; addresses are known once `start` has settled. */
  readonly self: Contact
  start(events: PeerEvents): Promise<void>
  /**
   * The peer's reply. Rejects with `unreachable`, `timed-out`, `refused` (the peer declined; its words in the message),
   * `busy` (the peer or this node has too much to do, or too many connections), `damaged` (its reply could not be decoded), `aborted` or `closed`. Always settles. Asked again once when a connection that stood before
   * breaks under it, so that a peer may get a request twice: every message must be harmless when it is repeated.
   */
  request<K extends keyof M & string>(
    peer: Contact,
    kind: K,
    request: M[K]['request'],
    options: RequestOptions,
  ): Promise<M[K]['reply']>
  /** Answers requests of one kind. A handler that throws a Failure refuses with its code and message. */
  serve<K extends keyof M & string>(kind: K, handler: Handler<M[K]['request'], M[K]['reply']>): void
  /** Ends every connection; pending requests reject with `closed`. */
  close(): Promise<void>
}
