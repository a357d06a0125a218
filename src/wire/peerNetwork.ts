/**
 * The Network port over a Transport: one long-lived connection per peer and channel, dialled on first use, requests multiplexed
 * over it. Every request settles: by reply, refusal, deadline, cancellation or the end of its connection.
 */
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { orAborted, withDeadline } from '../base/signals.ts'
import type { IdPuzzle } from '../crypto/idPuzzle.ts'
import type { Clock } from '../ports/clock.ts'
import type { Channel, Connection, Contact, Transport } from '../ports/connection.ts'
import type { Handler, Network, Peer, PeerEvents, RequestOptions } from '../ports/network.ts'
import { ADDRESSES_MAX, CONNECTIONS_PER_PEER_MAX, DIAL_MS, IDLE_MS } from './limits.ts'
import { Link } from './link.ts'
import { MESSAGES, PROTOCOL_VERSION, type Hello, type MessageKind, type Messages } from './messages.ts'

export interface PeerNetworkDeps {
  readonly clock: Clock
  readonly transport: Transport
  readonly id: NodeId
  /** Nodes of other networks are refused. */
  readonly networkName: string
  /** What ids of the network cost, where they cost anything. Nodes that ask for another price are refused. */
  readonly puzzle?: IdPuzzle | undefined
  /** Told of nodes that did not become peers because one side would not have the other, for logs. */
  readonly onRefused?: (peer: NodeId, reason: string) => void
}

interface PeerLinks {
  /** Newest last: of two, the older one may lead to a process that is gone. */
  readonly ready: Link[]
  readonly dialling: Map<Channel, Promise<Link>>
  lastUsedMs: number
}

interface Greeting {
  resolve(link: Link): void
  reject(error: unknown): void
  /** Ends the wait for the peer's hello. */
  cancel(): void
}

export class PeerNetwork implements Network<Messages> {
  private readonly deps: PeerNetworkDeps
  private readonly peers = new Map<NodeId, PeerLinks>()
  /** Connections whose peer has not said hello yet. */
  private readonly greeting = new Map<Link, Greeting>()
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
    let count = 0
    for (const links of this.peers.values()) if (links.ready.length > 0) count++
    return count
  }

  async start(events: PeerEvents): Promise<void> {
    this.events = events
    await this.deps.transport.listen((connection) => {
      this.greet(connection).catch((error: unknown) => {
        this.noteRefusal(connection.peer, error)
      })
    })
    this.sweepLater()
  }

  serve<K extends MessageKind>(kind: K, handler: Handler<Messages[K]['request'], Messages[K]['reply']>): void {
    this.handlers.set(kind, handler)
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
      const known = this.readyLink(peer.id, MESSAGES[kind].channel)
      try {
        return await this.requestOnce(peer, kind, request, signal)
      } catch (error) {
        // A connection from before the peer's last start ends at its first use; the peer itself may be well.
        if (known === undefined || known.open || !isFailure(error, 'unreachable')) throw error
        return this.requestOnce(peer, kind, request, signal)
      }
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

  private async requestOnce<K extends MessageKind>(
    peer: Contact,
    kind: K,
    request: Messages[K]['request'],
    signal: AbortSignal,
  ): Promise<Messages[K]['reply']> {
    const link = await orAborted(this.linkTo(peer, MESSAGES[kind].channel), signal)
    this.noteUse(peer.id)
    return link.request(kind, request, signal)
  }

  private readyLink(peer: NodeId, channel: Channel): Link | undefined {
    return this.peers.get(peer)?.ready.findLast((link) => link.connection.channel === channel)
  }

  /** A node asks itself like any other, so that no caller needs a special case. */
  private async requestSelf<K extends MessageKind>(
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    const from: Peer = { ...this.self, host: '', contact: this.self }
    return withDeadline(this.deps.clock, options.timeoutMs, kind, options.signal, (signal) =>
      orAborted(this.handle(kind, request, from, signal), this.ending.signal),
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
    const ready = this.readyLink(peer.id, channel)
    if (ready !== undefined) return Promise.resolve(ready)
    const links = this.linksOf(peer.id)
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
    try {
      return await withDeadline(this.deps.clock, DIAL_MS, what, this.ending.signal, async (signal) => {
        const connection = await this.deps.transport.dial(peer, channel, signal)
        return this.greet(connection)
      })
    } catch (error) {
      this.noteRefusal(peer.id, error)
      throw error
    }
  }

  private noteRefusal(peer: NodeId, error: unknown): void {
    if (isFailure(error, 'refused')) this.deps.onRefused?.(peer, error.message)
  }

  /** Settles once both hellos are exchanged; rejects when the connection ends before, as it does without a hello in time. */
  private greet(connection: Connection): Promise<Link> {
    return new Promise<Link>((resolve, reject) => {
      if (this.ending.signal.aborted) {
        connection.close('stopping')
        reject(abortFailure(this.ending.signal))
        return
      }
      const link: Link = new Link(connection, {
        hello: this.hello(),
        dispatch: async (kind, work, signal) => {
          this.noteUse(connection.peer)
          return this.handle(kind, work, peerAt(link), signal)
        },
        onReady: () => {
          this.onReady(link)
        },
        onClosed: (_, reason, agreed) => {
          this.onClosed(link, reason, agreed)
        },
      })
      const giveUp = (): void => {
        link.close('goodbye', 'the peer said no hello in time')
      }
      this.greeting.set(link, { resolve, reject, cancel: this.deps.clock.after(DIAL_MS, giveUp) })
      link.begin()
    })
  }

  private hello(): Hello {
    return {
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      network: this.deps.networkName,
      addresses: this.deps.transport.addresses.slice(0, ADDRESSES_MAX),
      puzzle: this.deps.puzzle,
    }
  }

  private noteUse(peer: NodeId): void {
    const links = this.peers.get(peer)
    if (links !== undefined) links.lastUsedMs = this.deps.clock.now()
  }

  private onReady(link: Link): void {
    const greeting = this.endGreeting(link)
    const { peer } = link.connection
    const links = this.linksOf(peer)
    links.ready.push(link)
    greeting?.resolve(link)
    if (links.ready.length === 1) this.events.onPeer(peerAt(link))
    if (links.ready.length > CONNECTIONS_PER_PEER_MAX)
      links.ready[0]?.close('goodbye', 'newer connections take its place')
  }

  private onClosed(link: Link, reason: string, agreed: boolean): void {
    const why = `the peer was not accepted or left during the greeting: ${reason}`
    this.endGreeting(link)?.reject(new Failure('refused', why))
    const { peer } = link.connection
    const links = this.peers.get(peer)
    const at = links?.ready.indexOf(link) ?? -1
    if (links === undefined || at < 0) return
    links.ready.splice(at, 1)
    this.forgetIfEmpty(peer, links)
    if (links.ready.length === 0 && !agreed && !this.ending.signal.aborted) this.events.onPeerLost(peer, reason)
  }

  private endGreeting(link: Link): Greeting | undefined {
    const greeting = this.greeting.get(link)
    this.greeting.delete(link)
    greeting?.cancel()
    return greeting
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

/** Whom a link leads to, by the addresses of its own hello. */
function peerAt({ connection, peerHello }: Link): Peer {
  const contact = { id: connection.peer, addresses: peerHello?.addresses ?? [] }
  return { ...contact, host: connection.remoteHost, contact }
}
