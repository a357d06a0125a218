/**
 * One connection put to use: hellos exchanged, requests matched with replies by id, strangers' requests handed on.
 * Absent on purpose: dialling, choosing among connections, timeouts. PeerNetwork owns those.
 */
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import { Semaphore } from '../base/semaphore.ts'
import { deferred, orAborted, type Deferred } from '../base/signals.ts'
import { isSamePuzzle, printPuzzle } from '../crypto/idPuzzle.ts'
import type { Connection } from '../ports/connection.ts'
import { packEnvelope, unpackEnvelope, type Envelope } from './envelope.ts'
import { HEAD_BYTES_MAX, INBOUND_REQUESTS_MAX } from './limits.ts'
import { packRefusal, packReply, packRequest, unpackRefusal, unpackReply, unpackRequest } from './messageCodec.ts'
import { helloSchema, PROTOCOL_VERSION, type Hello, type MessageKind, type Messages } from './messages.ts'
import { decodeAs, encodeAs } from './schema.ts'

/** Works on one request of the peer; whatever it rejects with is told to the peer as a refusal. */
export type Dispatch = <K extends MessageKind>(
  kind: K,
  request: Messages[K]['request'],
  signal: AbortSignal,
) => Promise<Messages[K]['reply']>

export interface LinkDeps {
  readonly hello: Hello
  readonly dispatch: Dispatch
  /** A request of the peer's with a body of so many bytes was refused, for whatever reason. */
  onRefused(link: Link, bodyBytes: number): void
  /** The peer's hello has come and fits ours. */
  onReady(link: Link): void
  /** `agreed`: one side said that it needs the connection no longer, so its end says nothing about the peer. */
  onClosed(link: Link, reason: string, agreed: boolean): void
}

interface Waiting extends Deferred<Envelope> {
  /** Lets the caller's signal forget it. */
  forget(): void
}

export class Link {
  readonly connection: Connection
  /** Undefined until the peer has said hello. */
  peerHello: Hello | undefined
  private readonly deps: LinkDeps
  private readonly waiting = new Map<number, Waiting>()
  private readonly working = new Map<number, AbortController>()
  /** Whoever finds room in the queue takes it before the next one looks, so that the queue stays short. */
  private readonly turn = new Semaphore(1)
  private nextRequestId = 1
  private endAgreed = false
  /** Why nothing can be asked here any more. */
  private end: Failure | undefined

  constructor(connection: Connection, deps: LinkDeps) {
    this.connection = connection
    this.deps = deps
  }

  /** Says hello and listens. What the peer has sent already is worked on within this call. */
  begin(): void {
    this.connection.onClose = (reason) => {
      this.closed(reason)
    }
    this.connection.send(packEnvelope('hello', 0, encodeAs(helloSchema, this.deps.hello)))
    this.connection.onFrame = (frame) => {
      this.receive(frame)
    }
  }

  get open(): boolean {
    return this.end === undefined
  }

  /** True while a request of either side is under way. */
  get busy(): boolean {
    return this.waiting.size > 0 || this.working.size > 0
  }

  /**
   * The reply, decoded. Rejects with what the peer refused with, `damaged` for an undecodable reply, `unreachable` when the
   * connection has ended or ends first, `busy` when one side had no place for it any longer, `closed` when this node ends it by
   * leaving; with the signal's failure when that is aborted, which the peer is told.
   */
  async request<K extends MessageKind>(
    kind: K,
    request: Messages[K]['request'],
    signal: AbortSignal,
  ): Promise<Messages[K]['reply']> {
    const waiting = await this.inTurn(signal, () => this.ask(kind, request, signal))
    return readReply(kind, await waiting.promise)
  }

  /** Ends the connection after what is queued; `goodbye` for idleness or want of room, `leave` when this node stops. */
  close(farewell: 'goodbye' | 'leave', reason: string): void {
    if (this.end !== undefined) return
    this.endAgreed = true
    this.connection.send(packEnvelope(farewell, 0))
    this.connection.close(reason)
    this.closed(reason, farewell === 'leave' ? new Failure('closed', 'this node is stopping') : this.noPlace(reason))
  }

  /** The peer is told that this node is there and has no place for the connection. Nothing it sends is looked at. */
  static decline(connection: Connection, hello: Hello, reason: string): void {
    connection.send(packEnvelope('hello', 0, encodeAs(helloSchema, hello)))
    connection.send(packEnvelope('goodbye', 0))
    connection.close(reason)
  }

  /** Waits for room in the queue, one caller at a time, and runs `send`. Rejects when the signal is aborted before. */
  private async inTurn<T>(signal: AbortSignal, send: () => T): Promise<T> {
    const release = await this.turn.acquire(1, signal)
    try {
      await orAborted(this.connection.drained(), signal)
      return send()
    } finally {
      release()
    }
  }

  private ask<K extends MessageKind>(kind: K, request: Messages[K]['request'], signal: AbortSignal): Waiting {
    if (this.end !== undefined) throw this.end
    if (signal.aborted) throw abortFailure(signal)
    const { head, body } = packRequest(kind, request)
    const requestId = this.nextRequestId
    this.nextRequestId = (this.nextRequestId % 0xffffffff) + 1
    const onAbort = (): void => {
      if (!this.waiting.delete(requestId)) return
      this.connection.send(packEnvelope('cancel', requestId))
      waiting.reject(abortFailure(signal))
    }
    const forget = (): void => {
      signal.removeEventListener('abort', onAbort)
    }
    const waiting: Waiting = { ...deferred<Envelope>(), forget }
    this.waiting.set(requestId, waiting)
    signal.addEventListener('abort', onAbort, { once: true })
    this.connection.send(packEnvelope('request', requestId, head, body))
    return waiting
  }

  private receive(frame: Uint8Array): void {
    if (this.end !== undefined) return
    const envelope = unpackEnvelope(frame)
    if (!envelope.ok) {
      this.hangUp(`malformed frame: ${envelope.error}`)
      return
    }
    const { type, requestId } = envelope.value
    if (this.peerHello === undefined && type !== 'hello') {
      this.hangUp(`${type} before hello`)
      return
    }
    switch (type) {
      case 'hello':
        this.onHello(envelope.value.head)
        break
      case 'request':
        this.onRequest(envelope.value)
        break
      case 'reply':
      case 'refusal':
        this.onAnswer(envelope.value)
        break
      case 'cancel':
        this.working.get(requestId)?.abort(new Failure('aborted', 'the peer cancelled its request'))
        break
      case 'goodbye':
        this.endAgreed = true
        this.connection.close('the peer needs the connection no longer')
        this.closed('the peer said goodbye', this.noPlace('the peer has no place for it now'))
        break
      case 'leave':
        this.hangUp('the peer is leaving')
        break
    }
  }

  private onHello(head: Uint8Array): void {
    if (this.peerHello !== undefined) {
      this.hangUp('a second hello')
      return
    }
    const hello = decodeAs(helloSchema, head, HEAD_BYTES_MAX)
    if (!hello.ok) {
      this.hangUp(`malformed hello: ${hello.error}`)
      return
    }
    const mismatch = helloMismatch(this.deps.hello, hello.value)
    if (mismatch !== undefined) {
      this.hangUp(mismatch)
      return
    }
    this.peerHello = hello.value
    this.deps.onReady(this)
  }

  private onRequest(envelope: Envelope): void {
    const { requestId } = envelope
    const decoded = unpackRequest(envelope.head, envelope.body)
    const bodyBytes = envelope.body.length
    if (!decoded.ok) {
      this.refuse(requestId, new Failure('invalid', decoded.error), bodyBytes)
      return
    }
    if (this.working.has(requestId)) {
      this.hangUp('a request id used twice')
      return
    }
    if (this.working.size >= INBOUND_REQUESTS_MAX) {
      this.refuse(requestId, new Failure('busy', 'too many requests at once on this connection'), bodyBytes)
      return
    }
    const controller = new AbortController()
    this.working.set(requestId, controller)
    void this.answer({ requestId, bodyBytes }, decoded.value.kind, decoded.value.request, controller)
  }

  private async answer<K extends MessageKind>(
    { requestId, bodyBytes }: { readonly requestId: number; readonly bodyBytes: number },
    kind: K,
    request: Messages[K]['request'],
    controller: AbortController,
  ): Promise<void> {
    try {
      const reply = await this.deps.dispatch(kind, request, controller.signal)
      const { head, body } = packReply(kind, reply)
      await this.inTurn(controller.signal, () => {
        this.connection.send(packEnvelope('reply', requestId, head, body))
      })
    } catch (error) {
      if (!controller.signal.aborted) this.refuse(requestId, error, bodyBytes)
      else this.deps.onRefused(this, bodyBytes)
    } finally {
      this.working.delete(requestId)
    }
  }

  private refuse(requestId: number, error: unknown, bodyBytes: number): void {
    const failure = isFailure(error) ? error : new Failure('refused', 'the request failed here unexpectedly')
    this.connection.send(packEnvelope('refusal', requestId, packRefusal(failure)))
    this.deps.onRefused(this, bodyBytes)
  }

  private onAnswer(envelope: Envelope): void {
    const waiting = this.waiting.get(envelope.requestId)
    // Unknown ids are replies that crossed our cancel.
    if (waiting === undefined) return
    this.waiting.delete(envelope.requestId)
    waiting.forget()
    waiting.resolve(envelope)
  }

  /** Says nothing of the peer's life: it is there, or this node has ended the connection itself. */
  private noPlace(reason: string): Failure {
    return new Failure('busy', `the connection to ${shortId(this.connection.peer)} ended: ${reason}; try again later`)
  }

  /** Ends the connection without a word: the peer has said the last one, or breaks the protocol. */
  private hangUp(reason: string): void {
    this.connection.close(reason)
    this.closed(reason)
  }

  private closed(reason: string, failure?: Failure): void {
    if (this.end !== undefined) return
    const what = `the connection to ${shortId(this.connection.peer)} ended: ${reason}`
    this.end = failure ?? new Failure('unreachable', what)
    for (const waiting of this.waiting.values()) {
      waiting.forget()
      waiting.reject(this.end)
    }
    this.waiting.clear()
    for (const controller of this.working.values()) controller.abort(new Failure('aborted', 'the connection ended'))
    this.deps.onClosed(this, reason, this.endAgreed)
  }
}

function readReply<K extends MessageKind>(kind: K, envelope: Envelope): Messages[K]['reply'] {
  if (envelope.type === 'refusal') {
    const refusal = unpackRefusal(envelope.head)
    throw refusal.ok
      ? new Failure(refusal.value.code, `refused by the peer: ${refusal.value.message}`)
      : new Failure('damaged', `the peer's refusal cannot be read: ${refusal.error}`)
  }
  const reply = unpackReply(kind, envelope.head, envelope.body)
  if (!reply.ok) throw new Failure('damaged', `the peer's reply to ${kind} cannot be read: ${reply.error}`)
  return reply.value
}

function helloMismatch(ours: Hello, theirs: Hello): string | undefined {
  if (ours.network !== theirs.network) return `the peer belongs to the network "${theirs.network}"`
  if (theirs.versionMin > PROTOCOL_VERSION || theirs.versionMax < PROTOCOL_VERSION) {
    return `the peer speaks versions ${String(theirs.versionMin)} to ${String(theirs.versionMax)} of the protocol`
  }
  if (!isSamePuzzle(ours.puzzle, theirs.puzzle)) {
    const [here, there] = [printPuzzle(ours.puzzle), printPuzzle(theirs.puzzle)]
    return `the peer's network has another puzzle for ids (${there}) than this node's (${here})`
  }
  return undefined
}

function shortId(id: string): string {
  return id.slice(0, 8)
}
