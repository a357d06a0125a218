/**
 * The Network port over a Transport: one long-lived connection per peer and channel, dialled on first use, requests multiplexed
 * over it. Every request settles: by reply, refusal, deadline, cancellation or the end of its connection.
 */
import { abortFailure, Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { orAborted, withDeadline } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Address, Channel, Connection, Contact, Transport } from '../ports/connection.ts'
import type { Handler, Network, Peer, PeerEvents, RequestOptions } from '../ports/network.ts'
import { CONNECTIONS_PER_PEER_MAX, DIAL_MS, IDLE_MS } from './limits.ts'
import { Link, type Dispatch } from './link.ts'
import { MESSAGES, PROTOCOL_VERSION, type MessageKind, type Messages } from './messages.ts'

export interface PeerNetworkDeps {
  readonly clock: Clock
  readonly transport: Transport
  readonly id: NodeId
  /** Nodes of other networks are refused. */
  readonly networkName: string
}

interface PeerLinks {
  readonly ready: Link[]
  readonly dialling: Map<Channel, Promise<Link>>
  lastUsedMs: number
}

export class PeerNetwork implements Network<Messages> {
  private readonly deps: PeerNetworkDeps
  private readonly peers = new Map<NodeId, PeerLinks>()
  /** Connections whose peer has not said hello yet. */
  private readonly greeting = new Map<Link, { resolve(link: Link): void; reject(error: unknown): void }>()
  private readonly handlers = new Map<MessageKind, Handler<never, unknown>>()
  private readonly ending = new AbortController()
  private events: PeerEvents = { onPeer: () => undefined, onPeerLost: () => undefined }
  private cancelSweep: () => void = () => undefined

  constructor(deps: PeerNetworkDeps) {
    this.deps = deps
  }

  get self(): Contact {
    return { id: this.deps.id, addresses: this.deps.transport.addresses }
  }

  /** Peers with an open connection right now. */
  get connectedCount(): number {
    return this.peers.size
  }

  async start(events: PeerEvents): Promise<void> {
    this.events = events
    await this.deps.transport.listen((connection) => {
      this.greet(connection).catch(() => undefined)
    })
    this.sweepLater()
  }

  serve<K extends MessageKind>(kind: K, handler: Handler<Messages[K]['request'], Messages[K]['reply']>): void {
    this.handlers.set(kind, handler as Handler<never, unknown>)
  }

  async request<K extends MessageKind>(
    peer: Contact,
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    if (this.ending.signal.aborted) throw abortFailure(this.ending.signal)
    if (peer.id === this.deps.id) return this.requestSelf(kind, request, options)
    const what = `${kind} to ${peer.id.slice(0, 8)}`
    return withDeadline(this.deps.clock, options.timeoutMs, what, options.signal, async (signal) => {
      const link = await orAborted(this.linkTo(peer, MESSAGES[kind].channel), signal)
      await orAborted(link.connection.drained(), signal)
      const links = this.peers.get(peer.id)
      if (links !== undefined) links.lastUsedMs = this.deps.clock.now()
      return link.request(kind, request, signal)
    })
  }

  async close(): Promise<void> {
    this.cancelSweep()
    this.ending.abort(new Failure('closed', 'this node is stopping'))
    for (const links of this.peers.values()) {
      for (const link of [...links.ready]) link.close('leave', 'stopping')
    }
    for (const link of [...this.greeting.keys()]) link.close('leave', 'stopping')
    await this.deps.transport.close()
  }

  /** A node asks itself like any other, so that no caller needs a special case. */
  private async requestSelf<K extends MessageKind>(
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    const from: Peer = { ...this.self, host: '' }
    return withDeadline(this.deps.clock, options.timeoutMs, kind, options.signal, (signal) =>
      this.handle(kind, request, from, signal),
    )
  }

  private async handle<K extends MessageKind>(
    kind: K,
    request: Messages[K]['request'],
    from: Peer,
    signal: AbortSignal,
  ): Promise<Messages[K]['reply']> {
    const handler = this.handlers.get(kind)
    if (handler === undefined) throw new Failure('refused', `this node does not answer ${kind}`)
    return (await handler(request as never, from, signal)) as Messages[K]['reply']
  }

  private linkTo(peer: Contact, channel: Channel): Promise<Link> {
    const links = this.linksOf(peer.id)
    const ready = links.ready.find((link) => link.connection.channel === channel)
    if (ready !== undefined) return Promise.resolve(ready)
    const underWay = links.dialling.get(channel)
    if (underWay !== undefined) return underWay
    const dialling = this.dial(peer, channel).finally(() => {
      links.dialling.delete(channel)
      this.forgetIfEmpty(peer.id, links)
    })
    links.dialling.set(channel, dialling)
    return dialling
  }

  /** Many requests share one dial, so it has a deadline of its own and no caller's signal. */
  private async dial(peer: Contact, channel: Channel): Promise<Link> {
    const what = `connecting to ${peer.id.slice(0, 8)}`
    return withDeadline(this.deps.clock, DIAL_MS, what, this.ending.signal, async (signal) => {
      const connection = await this.deps.transport.dial(peer, channel, signal)
      return this.greet(connection)
    })
  }

  /** Settles once both hellos are exchanged; rejects when the connection ends before. */
  private greet(connection: Connection): Promise<Link> {
    return new Promise<Link>((resolve, reject) => {
      if (this.ending.signal.aborted) {
        connection.close('stopping')
        reject(abortFailure(this.ending.signal))
        return
      }
      const link = new Link(connection, {
        hello: this.hello(),
        dispatch: this.dispatcherFor(connection),
        onReady: (readyLink) => {
          this.onReady(readyLink)
        },
        onClosed: (closedLink, reason, agreed) => {
          this.onClosed(closedLink, reason, agreed)
        },
      })
      this.greeting.set(link, { resolve, reject })
      link.begin()
    })
  }

  private hello(): { versionMin: number; versionMax: number; network: string; addresses: readonly Address[] } {
    return {
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      network: this.deps.networkName,
      addresses: this.deps.transport.addresses,
    }
  }

  private dispatcherFor(connection: Connection): Dispatch {
    return async (kind, request, signal) => {
      this.linksOf(connection.peer).lastUsedMs = this.deps.clock.now()
      return this.handle(kind, request, this.peerOf(connection), signal)
    }
  }

  private peerOf(connection: Connection): Peer {
    const link = this.peers.get(connection.peer)?.ready.find((each) => each.peerHello !== undefined)
    return { id: connection.peer, addresses: link?.peerHello?.addresses ?? [], host: connection.remoteHost }
  }

  private onReady(link: Link): void {
    const waiting = this.greeting.get(link)
    this.greeting.delete(link)
    const links = this.linksOf(link.connection.peer)
    if (links.ready.length >= CONNECTIONS_PER_PEER_MAX) {
      waiting?.reject(new Failure('refused', 'too many connections with this peer'))
      link.close('goodbye', 'too many connections with one peer')
      return
    }
    links.ready.push(link)
    waiting?.resolve(link)
    if (links.ready.length === 1) this.events.onPeer(this.peerOf(link.connection))
  }

  private onClosed(link: Link, reason: string, agreed: boolean): void {
    const waiting = this.greeting.get(link)
    this.greeting.delete(link)
    waiting?.reject(new Failure('refused', `the peer was not accepted or left during the greeting: ${reason}`))
    const peer = link.connection.peer
    const links = this.peers.get(peer)
    const at = links?.ready.indexOf(link) ?? -1
    if (links === undefined || at < 0) return
    links.ready.splice(at, 1)
    this.forgetIfEmpty(peer, links)
    if (links.ready.length === 0 && !agreed && !this.ending.signal.aborted) this.events.onPeerLost(peer, reason)
  }

  private linksOf(peer: NodeId): PeerLinks {
    const known = this.peers.get(peer)
    if (known !== undefined) return known
    const links: PeerLinks = { ready: [], dialling: new Map(), lastUsedMs: this.deps.clock.now() }
    this.peers.set(peer, links)
    return links
  }

  private forgetIfEmpty(peer: NodeId, links: PeerLinks): void {
    if (links.ready.length === 0 && links.dialling.size === 0) this.peers.delete(peer)
  }

  private sweepLater(): void {
    this.cancelSweep = this.deps.clock.after(IDLE_MS / 4, () => {
      const idleSince = this.deps.clock.now() - IDLE_MS
      for (const links of this.peers.values()) {
        if (links.lastUsedMs > idleSince) continue
        for (const link of [...links.ready]) if (!link.busy) link.close('goodbye', 'idle')
      }
      this.sweepLater()
    })
  }
}
