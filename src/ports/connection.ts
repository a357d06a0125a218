/**
 * Connections between nodes: framed duplex channels whose both ends have proven their node id. TLS, libp2p and the simulated
 * world implement this; what a frame says is wire's concern. Acceptance suite: testing/suites/transport.ts.
 */
import type { NodeId } from '../base/id.ts'

/** Where a node can be reached: `tls://127.24.0.1:4101`, `sim://7`. At most 255 characters of ASCII. */
export type Address = string

/** A node's place and how to reach it now. */
export interface Contact {
  readonly id: NodeId
  readonly addresses: readonly Address[]
}

/** Control frames are small and urgent, bulk frames large; each kind has its own connection so that neither waits for the other. */
export type Channel = 'control' | 'bulk'

export interface Connection {
  readonly peer: NodeId
  readonly channel: Channel
  /** True on the side that dialled. */
  readonly outgoing: boolean
  /** The peer's host as seen from here, without port: what address-diversity limits count. */
  readonly remoteHost: string
  /**
   * Queues one frame, given as chunks that are joined; small frames of one tick leave together. Sending on a closed
   * connection does nothing. The chunks must not change afterwards.
   */
  send(chunks: readonly Uint8Array[]): void
  /** Bytes queued and not yet taken by the network. */
  readonly queuedBytes: number
  /** Settles when the queue has room again, or the connection is closed; never rejects. */
  drained(): Promise<void>
  /**
   * Takes nothing more from the network until `resume`: what the peer sends waits at its end, once the way is full. Frames that have come
   * already may still be handed over. The end of the connection may be noticed only after `resume`; closing needs none.
   */
  pause(): void
  resume(): void
  /** Set once, right after the connection is obtained; each frame is a view that the handler may keep. */
  onFrame: (frame: Uint8Array) => void
  /** Called once, on whichever side ended it. `reason` is for logs. */
  onClose: (reason: string) => void
  /** Sends what is queued, then closes. */
  close(reason: string): void
}

export interface Transport {
  /** Where this node can be reached; known once `listen` has settled. */
  readonly addresses: readonly Address[]
  /** Rejects with `refused` when the port is taken or the host cannot be bound. */
  listen(onConnection: (connection: Connection) => void): Promise<void>
  /**
   * A connection to `peer`, whose identity has been checked against `peer.id`. Rejects with `unreachable` (nobody there),
   * `timed-out`, `refused` (somebody else answered, or they declined), or `busy` (this node judges too many peers at once).
   */
  dial(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection>
  /** Closes the listener and every connection; settles when none is left. */
  close(): Promise<void>
}

/** A frame longer than this is refused and its connection closed: 1 MiB of body, 128 KiB of header, and the frame's own head. */
export const FRAME_BYTES_MAX = 1024 * 1024 + 128 * 1024 + 64
