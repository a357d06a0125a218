/**
 * The Network port for big worlds: requests and replies are handed over as objects, one event each, with nothing encoded.
 * Latency, loss, cuts and crashes are those of connections; a first request to a peer takes as long as connecting to it does.
 * Whoever hands an object over must not change it afterwards. Connections are not modelled one by one: a peer counts as
 * connected until it crashes, closes, is silent too long, or no request has passed for IDLE_MS; and what meets a cut is lost.
 */
import { assert } from '../base/assert.ts'
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import { KIB } from '../base/units.ts'
import type { Contact } from '../ports/connection.ts'
import type { Handler, MessageMap, Network, Peer, PeerEvents, RequestOptions } from '../ports/network.ts'
import { contactOf, SILENCE_MS_MAX, type Fabric, type Host } from './fabric.ts'
import type { Lifetime } from './lifetime.ts'
import { HANDSHAKE_TRIPS, isSimAddress } from './simTransport.ts'
import { Exchange, ExchangeList, Refusal } from './exchange.ts'
import { NO_TIE, TiesHeld, type Tie, type TieEnd } from './tieBook.ts'

/** How many bytes a request or reply would have on the wire: what slow uplinks and the trace count. */
export type MessageBytes = (message: unknown) => number

/** A request that connects first waits for the listener's answer to the handshake, then travels itself. */
const FIRST_REQUEST_TRIPS = HANDSHAKE_TRIPS + 2
/** Messages above this count as bulk and do not hold up small ones on a slow uplink. */
const CONTROL_BYTES_MAX = 16 * KIB
/** Refusals, cancellations and the like. */
const NOTICE_BYTES = 64

export class ObjectNetwork implements Network<MessageMap>, TieEnd {
  private readonly fabric: Fabric
  private readonly host: Host
  readonly tiesHeld = new TiesHeld()
  /** The process whose network this is. */
  readonly life: Lifetime
  private readonly messageBytes: MessageBytes
  private readonly peer: Peer
  private readonly handlers = new Map<string, Handler<unknown, unknown>>()
  private readonly asked = new ExchangeList()
  /** What handlers are still working on; made for the first one that does not answer at once. */
  private worked: Set<Exchange> | undefined
  private events: PeerEvents = { onPeer: () => undefined, onPeerLost: () => undefined }
  private isStarted = false
  private isClosed = false

  constructor(fabric: Fabric, host: Host, life: Lifetime, messageBytes: MessageBytes) {
    this.fabric = fabric
    this.host = host
    this.life = life
    this.messageBytes = messageBytes
    const contact = contactOf(host)
    this.peer = { ...contact, host: host.name, contact }
  }

  /** The machine's number. */
  get node(): number {
    return this.host.node
  }

  get self(): Contact {
    return { id: this.peer.id, addresses: this.isStarted ? this.peer.addresses : [] }
  }

  start(events: PeerEvents): Promise<void> {
    assert(this.host.objects === undefined || this.life.ended, 'a machine has one network of objects')
    this.events = events
    this.isStarted = true
    if (!this.life.ended) this.host.objects = this
    return Promise.resolve()
  }

  serve(kind: string, handler: Handler<unknown, unknown>): void {
    this.handlers.set(kind, handler)
  }

  request(peer: Contact, kind: string, request: unknown, options: RequestOptions): Promise<unknown> {
    const { signal } = options
    if (this.isClosed) return Promise.reject(new Failure('closed', 'this node is stopping'))
    if (signal?.aborted === true) return Promise.reject(abortFailure(signal))
    // A dead process's requests never settle.
    if (this.life.ended) return new Promise(() => undefined)
    const exchange = new Exchange(this, peer.id, this.hostOf(peer), kind, request, options)
    this.asked.add(exchange)
    exchange.begin(this.fabric.clock)
    this.dispatch(exchange, peer)
    return exchange.promise
  }

  /** Peers hear that this node leaves, as they hear of a crash. */
  close(): Promise<void> {
    if (this.isClosed) return Promise.resolve()
    this.isClosed = true
    if (this.host.objects === this) this.host.objects = undefined
    for (const exchange of this.asked.all()) this.giveUp(exchange, new Failure('closed', 'this node is stopping'))
    this.abandonWork('the peer is stopping')
    for (const peer of this.fabric.ties.peersOf(this)) this.tellOfLoss(peer, 'the peer is leaving')
    this.fabric.ties.clear(this)
    return Promise.resolve()
  }

  /** The process is gone without a word: peers see resets, or silence when the host has vanished. */
  crash(): void {
    assert(this.life.ended, 'a network outlives its process only in being cleared away')
    if (this.host.objects === this) this.host.objects = undefined
    for (const exchange of this.asked.all()) {
      exchange.abandon()
      this.cancelAtPeer(exchange)
    }
    this.abandonWork('the connection was reset')
    for (const peer of this.fabric.ties.peersOf(this)) this.tellOfLoss(peer, 'reset by the peer')
    this.fabric.ties.clear(this)
  }

  /** Takes peers for lost that a cut keeps silent. */
  loseUnreachable(): void {
    for (const peer of this.fabric.ties.peersOf(this)) {
      const isSilent = !this.fabric.canReach(this.host, peer.host) || !this.fabric.canReach(peer.host, this.host)
      if (isSilent) this.lose(peer, 'silent too long')
    }
  }

  /** This one for the node itself; else the machine at the peer's addresses, or the one whose connection stands. */
  private hostOf(peer: Contact): Host | undefined {
    if (peer.id === this.peer.id) return this.host
    const host = this.fabric.hostOf(peer.addresses)
    if (host !== undefined) return host
    return this.fabric.ties.peersOf(this).find((other) => other.peer.id === peer.id)?.host
  }

  private dispatch(exchange: Exchange, peer: Contact): void {
    const { there } = exchange
    if (there === undefined) {
      if (!peer.addresses.some(isSimAddress)) {
        exchange.fail(new Failure('unreachable', `${peer.id.slice(0, 8)} has no address`))
      }
      return
    }
    const bytes = this.messageBytes(exchange.request)
    if (there.objects !== undefined && there !== this.host) {
      exchange.tie = this.fabric.ties.standing(this, there.objects, this.fabric.clock.elapsedMs)
    }
    const trips = exchange.tie === NO_TIE ? FIRST_REQUEST_TRIPS : 1
    exchange.travel(bytes)
    this.fabric.clock.scheduleHappening(this.arrivalMs(there, bytes, trips), exchange)
  }

  /** The request is where it was sent, unless a cut, a NAT or a vanished machine has swallowed it. */
  onArrival(exchange: Exchange): void {
    const { there } = exchange
    if (there === undefined || (there.isBehindNat && !this.isLetIn(there))) return
    if (!this.hasPassed(there, exchange.kind, exchange.bytes)) return
    const callee = there === this.host ? this.itself() : there.objects
    if (callee === undefined) this.turnAway(exchange, there, 'unreachable', 'nobody listens there')
    else if (there.id !== exchange.peerId) this.turnAway(exchange, there, 'refused', 'somebody else answers there')
    else callee.receive(exchange)
  }

  /** Whom a node reaches that asks itself; nobody when its process has ended on the way. */
  private itself(): ObjectNetwork | undefined {
    return this.life.ended || this.isClosed ? undefined : this
  }

  /** A NAT lets through what comes over a connection that the process behind it has. */
  private isLetIn(there: Host): boolean {
    const { objects } = there
    if (there === this.host) return true
    if (objects === undefined) return false
    return this.fabric.ties.standing(objects, this, this.fabric.clock.elapsedMs) !== NO_TIE
  }

  /** The answer is back at the caller, unless a cut or a vanished machine has swallowed it. */
  onReturn(exchange: Exchange, answer: unknown): void {
    const { caller, tie } = exchange
    const { ties, clock } = this.fabric
    if (!this.hasPassed(caller.host, answer instanceof Refusal ? 'refusal' : 'reply', exchange.bytes)) return
    if (caller.life.ended || caller.isClosed) return
    if (tie !== NO_TIE && ties.joins(tie, caller, this)) ties.use(tie, clock.elapsedMs)
    if (answer instanceof Refusal) exchange.fail(answer.failure)
    else exchange.succeed(answer)
  }

  /** The caller's part of an exchange has ended. */
  onSettled(exchange: Exchange, timeoutMs: number): void {
    this.asked.remove(exchange)
    this.fabric.clock.cancelDeadline(exchange, timeoutMs)
  }

  /** One event: `deliver` is called when the message is there, unless a cut or a vanished machine swallows it. */
  private send(to: Host, bytes: number, kind: string, deliver: () => void, trips = 1): void {
    this.fabric.clock.scheduleForWorld(this.arrivalMs(to, bytes, trips), () => {
      if (this.hasPassed(to, kind, bytes)) deliver()
    })
  }

  private arrivalMs(to: Host, bytes: number, trips: number): number {
    const { fabric, host } = this
    if (to === host) return fabric.clock.elapsedMs
    return fabric.arrivalMs(host, to, bytes, bytes > CONTROL_BYTES_MAX ? 'bulk' : 'control', trips)
  }

  /** Whether a message of this node that is due at a machine now gets there; traced if so. */
  private hasPassed(to: Host, kind: string, bytes: number): boolean {
    const { fabric, host } = this
    if (!fabric.canReach(host, to)) return false
    fabric.trace.record(fabric.clock.elapsedMs, kind, host.node, to.node, bytes)
    return true
  }

  private turnAway(exchange: Exchange, there: Host, code: 'unreachable' | 'refused', why: string): void {
    const { fabric } = this
    fabric.clock.schedule(fabric.arrivalMs(there, this.host, NOTICE_BYTES, 'control'), this.life, () => {
      if (fabric.canReach(there, this.host)) exchange.fail(new Failure(code, `${there.address}: ${why}`))
    })
  }

  private receive(exchange: Exchange): void {
    const { caller, kind } = exchange
    if (exchange.isUnwanted) return
    exchange.tie = this.tieWith(caller, exchange.tie)
    const handler = this.handlers.get(kind)
    if (handler === undefined) {
      this.refuse(exchange, new Failure('refused', `this node does not answer ${kind}`))
      return
    }
    const working = this.fabric.spareController()
    try {
      const reply = handler(exchange.request, caller.peer, working.signal)
      if (reply instanceof Promise) this.replyLater(exchange, working, reply)
      else this.reply(exchange, reply)
    } catch (error) {
      this.refuse(exchange, error)
    }
  }

  private replyLater(exchange: Exchange, working: AbortController, reply: Promise<unknown>): void {
    this.fabric.takeSpareController()
    exchange.working = working
    this.worked ??= new Set()
    this.worked.add(exchange)
    reply.then(
      (value) => {
        this.reply(exchange, value)
      },
      (error: unknown) => {
        this.refuse(exchange, error)
      },
    )
  }

  private reply(exchange: Exchange, reply: unknown): void {
    this.answer(exchange, this.messageBytes(reply), reply)
  }

  private refuse(exchange: Exchange, error: unknown): void {
    const isCancelled = exchange.working?.signal.aborted === true
    if (!isFailure(error) && !isCancelled && !this.life.ended) this.fabric.reportBug(error)
    const failure = isFailure(error)
      ? new Failure(error.code, `refused by the peer: ${error.message}`)
      : new Failure('refused', 'refused by the peer: the request failed there unexpectedly')
    this.answer(exchange, NOTICE_BYTES, new Refusal(failure))
  }

  private answer(exchange: Exchange, bytes: number, answer: unknown): void {
    const { working, caller } = exchange
    if (working !== undefined) {
      exchange.working = undefined
      this.worked?.delete(exchange)
      if (working.signal.aborted) return
    }
    if (this.life.ended || this.isClosed) return
    exchange.travelBack(bytes, this, answer)
    this.fabric.clock.scheduleHappening(this.arrivalMs(caller.host, bytes, 1), exchange)
  }

  /** Ends the caller's part, and says so to the callee. */
  giveUp(exchange: Exchange, failure: Failure): void {
    if (exchange.isSettled) return
    exchange.fail(failure)
    this.cancelAtPeer(exchange)
  }

  private cancelAtPeer(exchange: Exchange): void {
    if (exchange.there === undefined || this.host.vanished) return
    this.send(exchange.there, NOTICE_BYTES, 'cancel', () => {
      exchange.isUnwanted = true
      exchange.working?.abort(new Failure('aborted', 'the peer cancelled its request'))
    })
  }

  /** Nobody will answer what this node was working on; the callers learn it as the end of the connection. */
  private abandonWork(reason: string): void {
    for (const exchange of this.worked ?? []) {
      // What is left of a dead process's code must not act on it.
      if (!this.life.ended) exchange.working?.abort(new Failure('aborted', 'this node is stopping'))
      if (this.host.vanished) continue
      this.send(exchange.caller.host, NOTICE_BYTES, 'reset', () => {
        exchange.fail(new Failure('unreachable', `the connection ended: ${reason}`))
      })
    }
    this.worked = undefined
  }

  private tellOfLoss(peer: ObjectNetwork, reason: string): void {
    const { fabric, host } = this
    if (!host.vanished) {
      this.send(peer.host, NOTICE_BYTES, 'reset', () => {
        peer.lose(this, reason)
      })
      return
    }
    fabric.clock.schedule(fabric.clock.elapsedMs + SILENCE_MS_MAX, peer.life, () => {
      peer.lose(this, 'silent too long')
    })
  }

  private lose(peer: ObjectNetwork, reason: string): void {
    const isLoss = this.fabric.ties.lose(this, peer, this.fabric.clock.elapsedMs)
    if (isLoss && !this.life.ended && !this.isClosed) this.events.onPeerLost(peer.peer.id, reason)
  }

  /** The connection over which a peer's request has come: the one the peer knew of, if that still stands, or a new one. */
  private tieWith(caller: ObjectNetwork, known: Tie): Tie {
    // A node needs no connection to itself.
    if (caller === this) return NO_TIE
    const { ties, clock } = this.fabric
    const isKnownStanding = known !== NO_TIE && ties.joins(known, caller, this) && !ties.isBroken(known)
    const standing = isKnownStanding ? known : ties.standing(this, caller, clock.elapsedMs)
    if (standing !== NO_TIE) {
      ties.use(standing, clock.elapsedMs)
      return standing
    }
    // What a process has sent may come after its end, when its machine has met us again already.
    if (caller.life.ended) return NO_TIE
    const tie = ties.open(caller, this, clock.elapsedMs)
    this.welcome(caller, tie)
    caller.welcome(this, tie)
    ties.closeUnheld(tie)
    return tie
  }

  private welcome(peer: ObjectNetwork, tie: Tie): void {
    if (this.life.ended || this.isClosed) return
    this.fabric.ties.hold(tie, this, this.fabric.clock.elapsedMs)
    this.events.onPeer(peer.peer)
  }
}
