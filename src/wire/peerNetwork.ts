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
import { USUAL_BOUNDS, type ByteRates, type ConnectionBounds, type ConnectionCounts } from './connectionCounts.ts'
import { placeForDial, placeForInbound, type OpenConnection } from './connectionRoom.ts'
import { DialBudget } from './dialBudget.ts'
import { HoldBack } from './holdBack.ts'
import { ADDRESSES_MAX, CONNECTIONS_PER_PEER_MAX, DIAL_MS, IDLE_MS } from './limits.ts'
import { Link } from './link.ts'
import { PacedTransport } from './pacedTransport.ts'
import { MESSAGES, PROTOCOL_VERSION, type Hello, type MessageKind, type Messages } from './messages.ts'

export interface PeerNetworkDeps {
  readonly clock: Clock
  readonly transport: Transport
  readonly id: NodeId
  /** Nodes of other networks are refused. */
  readonly networkName: string
  /** What ids of the network cost, where they cost anything. Nodes that ask for another price are refused. */
  readonly puzzle?: IdPuzzle | undefined
  /** By default what limits.ts says. */
  readonly bounds?: ConnectionBounds
  /** Of bulk and control together, as pacedTransport.ts keeps them; no bound by default, which costs nothing. */
  readonly rates?: ByteRates
  /** Told of nodes that did not become peers because one side would not have the other, for logs. */
  readonly onRefused?: (peer: NodeId, reason: string) => void
}

interface PeerLinks {
  /** Newest last: of two, the older one may lead to a process that is gone. */
  readonly ready: Link[]
  readonly dialling: Map<Channel, Promise<Link>>
  lastUsedMs: number
}

interface Place extends OpenConnection {
  readonly link: Link
}

interface Greeting {
  resolve(link: Link): void
  reject(error: unknown): void
  /** Ends the wait for the peer's hello. */
  cancel(): void
}

export class PeerNetwork implements Network<Messages> {
  private readonly deps: PeerNetworkDeps
  private readonly transport: Transport
  private readonly peers = new Map<NodeId, PeerLinks>()
  /** Connections whose peer has not said hello yet. */
  private readonly greeting = new Map<Link, Greeting>()
  private readonly handlers = new Map<MessageKind, Handler<never, unknown>>()
  private readonly ending = new AbortController()
  private readonly bounds: ConnectionBounds
  private readonly dialBudget: DialBudget
  private readonly holdBack: HoldBack
  private readonly counts = { dialsRefused: 0, declined: 0, displaced: 0 }
  /** Dials that have a place and are no connection yet. */
  private dialsUnderWay = 0
  private events: PeerEvents = { onPeer: () => undefined, onPeerLost: () => undefined }
  private cancelSweep: () => void = () => undefined

  constructor(deps: PeerNetworkDeps) {
    this.deps = deps
    const { clock, transport, rates } = deps
    this.transport = isBounded(rates) ? new PacedTransport(transport, clock, rates) : transport
    this.bounds = deps.bounds ?? USUAL_BOUNDS
    const { dialsPerMinuteMax: perMinute, dialsAtOnceMax: atOnce } = this.bounds
    this.dialBudget = new DialBudget({ perMinute, atOnce })
    this.holdBack = new HoldBack(clock)
  }

  get self(): Contact {
    return { id: this.deps.id, addresses: this.transport.addresses }
  }

  /** Peers with an open connection right now. */
  get connectedCount(): number {
    let count = 0
    for (const links of this.peers.values()) if (links.ready.length > 0) count++
    return count
  }

  get connections(): ConnectionCounts {
    const { connectionsMax: openMax, dialsPerMinuteMax } = this.bounds
    return { open: this.openCount(), openMax, dialsPerMinuteMax, ...this.counts, ...this.deps.rates }
  }

  async start(events: PeerEvents): Promise<void> {
    this.events = events
    await this.transport.listen((connection) => {
      this.accept(connection)
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
        const isSpent = isFailure(error, 'unreachable') || isFailure(error, 'busy')
        if (known === undefined || known.open || !isSpent) throw error
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
    await this.transport.close()
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
    const { clock } = this.deps
    try {
      const waitMs = this.dialWaitMs()
      return await withDeadline(clock, DIAL_MS, what, this.ending.signal, async (signal) => {
        if (waitMs > 0) await clock.sleep(waitMs, signal)
        return this.greet(await this.dialInPlace(peer, channel, signal))
      })
    } catch (error) {
      this.noteRefusal(peer.id, error)
      throw error
    }
  }

  private dialWaitMs(): number {
    const waitMs = this.dialBudget.claim(this.deps.clock.now())
    if (waitMs !== undefined) return waitMs
    this.counts.dialsRefused++
    const perMinute = String(this.bounds.dialsPerMinuteMax)
    throw new Failure('busy', `this node makes ${perMinute} connections a minute, to spare its router; try again later`)
  }

  private async dialInPlace(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection> {
    this.makeRoom()
    this.dialsUnderWay++
    try {
      return await this.transport.dial(peer, channel, signal)
    } finally {
      this.dialsUnderWay--
    }
  }

  private makeRoom(): void {
    if (this.openCount() < this.bounds.connectionsMax) return
    const place = placeForDial(this.places())
    if (place !== undefined) {
      this.displace(place)
      return
    }
    this.counts.dialsRefused++
    const openMax = String(this.bounds.connectionsMax)
    throw new Failure('busy', `this node has ${openMax} connections and uses all of them; try again later`)
  }

  /** A peer has dialled in: greeted where there is room, else told that there is none. */
  private accept(connection: Connection): void {
    const place = this.ending.signal.aborted ? 'free' : this.placeOf(connection)
    if (place === undefined) {
      this.counts.declined++
      Link.decline(connection, this.hello(), 'too many connections')
      return
    }
    if (place !== 'free') this.displace(place)
    this.greet(connection).catch((error: unknown) => {
      this.noteRefusal(connection.peer, error)
    })
  }

  private placeOf({ peer }: Connection): Place | 'free' | undefined {
    const { connectionsMax } = this.bounds
    // Counting strangers is for when they could be too many.
    if (this.openCount() < connectionsMax / 2) return 'free'
    const isContact = this.isContact(peer)
    return placeForInbound(this.places(), { isContact, connectionsMax, nowMs: this.deps.clock.now() })
  }

  private displace({ link }: Place): void {
    this.counts.displaced++
    link.close('goodbye', 'another connection takes its place')
  }

  private openCount(): number {
    let count = this.greeting.size + this.dialsUnderWay
    for (const { ready } of this.peers.values()) count += ready.length
    return count
  }

  private places(): readonly Place[] {
    const places: Place[] = []
    for (const [peer, { ready, lastUsedMs }] of this.peers) {
      const isContact = this.isContact(peer)
      for (const link of ready)
        places.push({ link, isBusy: link.busy, isContact, isOutgoing: link.connection.outgoing, lastUsedMs })
    }
    for (const link of this.greeting.keys()) {
      const { outgoing: isOutgoing, peer } = link.connection
      places.push({ link, isBusy: true, isContact: this.isContact(peer), isOutgoing, lastUsedMs: 0 })
    }
    return places
  }

  private isContact(peer: NodeId): boolean {
    return this.events.isContact?.(peer) ?? false
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
        onRefused: (_, bodyBytes) => {
          this.holdBack.onRefused(connection, bodyBytes, link.open)
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
      addresses: this.transport.addresses.slice(0, ADDRESSES_MAX),
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
    this.holdBack.onReady(link.connection)
    greeting?.resolve(link)
    if (links.ready.length === 1) this.events.onPeer(peerAt(link))
    if (links.ready.length > CONNECTIONS_PER_PEER_MAX)
      links.ready[0]?.close('goodbye', 'newer connections take its place')
  }

  private onClosed(link: Link, reason: string, agreed: boolean): void {
    const why = `the peer was not accepted or left during the greeting: ${reason}`
    this.endGreeting(link)?.reject(new Failure('refused', why))
    this.holdBack.onClosed(link.connection)
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

function isBounded(rates: ByteRates | undefined): rates is ByteRates {
  return rates?.upBytesPerSecond !== undefined || rates?.downBytesPerSecond !== undefined
}

/** Whom a link leads to, by the addresses of its own hello. */
function peerAt({ connection, peerHello }: Link): Peer {
  const contact = { id: connection.peer, addresses: peerHello?.addresses ?? [] }
  return { ...contact, host: connection.remoteHost, contact }
}
