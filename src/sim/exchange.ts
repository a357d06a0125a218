/**
 * One request under way between two networks of objects, as both sides see it. It is itself what happens when the request
 * arrives and when the answer does, and its own deadline and list entry: a world of ten thousand nodes makes millions of them.
 */
import { abortFailure, Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import type { RequestOptions } from '../ports/network.ts'
import { NOWHERE, type Deadline } from './deadlineLane.ts'
import type { Happening } from './eventQueue.ts'
import type { Host } from './fabric.ts'
import { WORLD_LIFE, type Lifetime } from './lifetime.ts'
import type { ObjectNetwork } from './objectNetwork.ts'
import { NO_TIE, type Tie } from './tieBook.ts'
import type { VirtualClock } from './virtualClock.ts'

function nothing(): void {
  // Stands where a promise's functions will be or have been.
}

/** An answer that is none: told apart from replies, which may be anything. */
export class Refusal {
  readonly failure: Failure

  constructor(failure: Failure) {
    this.failure = failure
  }
}

export class Exchange implements Happening, Deadline {
  readonly caller: ObjectNetwork
  /** Who is to answer. */
  readonly peerId: NodeId
  readonly there: Host | undefined
  readonly kind: string
  readonly request: unknown
  readonly promise: Promise<unknown>
  /** The connection it goes over; NO_TIE while that is being made. */
  tie: Tie = NO_TIE
  /** The caller's word not to bother has reached the callee, perhaps before the request itself. */
  isUnwanted = false
  /** While a handler of the callee works on it. */
  working: AbortController | undefined
  /** Of the message that travels now. */
  bytes = 0
  /** As {@link Deadline} has it. */
  place = NOWHERE
  /** In the list that it is in. */
  previous: Exchange | undefined
  next: Exchange | undefined
  /** Who has answered; undefined on the way there. */
  private answerer: ObjectNetwork | undefined
  private answer: unknown
  private readonly options: RequestOptions
  private onAbort: (() => void) | undefined
  private resolve: (reply: unknown) => void = nothing
  private reject: (failure: Failure) => void = nothing

  constructor(
    caller: ObjectNetwork,
    peerId: NodeId,
    there: Host | undefined,
    kind: string,
    request: unknown,
    options: RequestOptions,
  ) {
    this.caller = caller
    this.peerId = peerId
    this.there = there
    this.kind = kind
    this.request = request
    this.options = options
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** What travels is the world's, whoever has ended meanwhile. */
  get life(): Lifetime {
    return WORLD_LIFE
  }

  isOff(): boolean {
    return false
  }

  /** Whose deadline it is. */
  get owner(): Lifetime {
    return this.caller.life
  }

  /** Nobody is to be told of anything any more. */
  get isSettled(): boolean {
    return this.resolve === nothing
  }

  /** Starts the deadline, and listens to the signal. */
  begin(clock: VirtualClock): void {
    const { timeoutMs, signal } = this.options
    clock.scheduleDeadline(timeoutMs, this)
    if (signal === undefined) return
    this.onAbort = () => {
      this.caller.giveUp(this, abortFailure(signal))
    }
    signal.addEventListener('abort', this.onAbort, { once: true })
  }

  /** The next event that this is brings the request there. */
  travel(bytes: number): void {
    this.bytes = bytes
  }

  /** The next event that this is brings the answer back, a reply or a {@link Refusal}. */
  travelBack(bytes: number, answerer: ObjectNetwork, answer: unknown): void {
    this.bytes = bytes
    this.answerer = answerer
    this.answer = answer
  }

  happen(): void {
    if (this.answerer === undefined) this.caller.onArrival(this)
    else this.answerer.onReturn(this, this.answer)
  }

  pass(): void {
    const what = `${this.kind} to ${this.peerId.slice(0, 8)} got no answer within ${this.options.timeoutMs} ms`
    this.caller.giveUp(this, new Failure('timed-out', what))
  }

  /** Ends the caller's part well. Nothing happens when it has ended. */
  succeed(reply: unknown): void {
    const { resolve } = this
    if (this.endsNow()) resolve(reply)
  }

  /** Ends the caller's part badly. Nothing happens when it has ended. */
  fail(failure: Failure): void {
    const { reject } = this
    if (this.endsNow()) reject(failure)
  }

  /** The caller is gone: nothing of this settles any more. */
  abandon(): void {
    this.resolve = nothing
    this.reject = nothing
  }

  /** Ends deadline and listener; says whether somebody is there to be told. */
  private endsNow(): boolean {
    if (this.isSettled) return false
    this.abandon()
    this.caller.onSettled(this, this.options.timeoutMs)
    if (this.onAbort !== undefined) this.options.signal?.removeEventListener('abort', this.onAbort)
    return !this.caller.life.ended
  }
}

/** Exchanges in the order in which they began. Each is in one list at most. */
export class ExchangeList {
  private first: Exchange | undefined
  private last: Exchange | undefined

  add(exchange: Exchange): void {
    exchange.previous = this.last
    if (this.last === undefined) this.first = exchange
    else this.last.next = exchange
    this.last = exchange
  }

  /** Takes out one that is in this list. */
  remove(exchange: Exchange): void {
    const { previous, next } = exchange
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    exchange.previous = undefined
    exchange.next = undefined
  }

  /** Those that are in it now; it may change meanwhile. */
  all(): readonly Exchange[] {
    const all: Exchange[] = []
    for (let each = this.first; each !== undefined; each = each.next) all.push(each)
    return all
  }
}
