/**
 * One request under way between two networks of objects, as both sides see it. It is itself what happens when the request
 * arrives and when the answer does, and its deadline is an object too: a world of ten thousand nodes makes millions of them.
 */
import { abortFailure, Failure } from '../base/failure.ts'
import type { Contact } from '../ports/connection.ts'
import type { RequestOptions } from '../ports/network.ts'
import type { Happening, SimEvent } from './eventQueue.ts'
import type { Host } from './fabric.ts'
import type { Lifetime } from './lifetime.ts'
import type { ObjectNetwork } from './objectNetwork.ts'
import type { Tie } from './ties.ts'
import type { VirtualClock } from './virtualClock.ts'

export type Outcome = { readonly reply: unknown } | { readonly failure: Failure }

function nothing(): void {
  // Stands where a promise's functions will be.
}

export class Exchange implements Happening {
  readonly caller: ObjectNetwork
  readonly peer: Contact
  readonly there: Host | undefined
  readonly kind: string
  readonly request: unknown
  readonly promise: Promise<unknown>
  /** The connection it goes over; undefined while that is being made. */
  tie: Tie | undefined
  /** The caller's word not to bother has reached the callee, perhaps before the request itself. */
  isCancelled = false
  /** While a handler of the callee works on it. */
  working: AbortController | undefined
  /** Of the message that travels now. */
  bytes = 0
  private isSettledNow = false
  /** Who has answered what; undefined on the way there. */
  private answerer: ObjectNetwork | undefined
  private outcome: Outcome | undefined
  private readonly options: RequestOptions
  private clock: VirtualClock | undefined
  private life: Lifetime | undefined
  private deadline: SimEvent | undefined
  private onAbort: (() => void) | undefined
  private resolve: (reply: unknown) => void = nothing
  private reject: (failure: Failure) => void = nothing

  constructor(
    caller: ObjectNetwork,
    peer: Contact,
    there: Host | undefined,
    kind: string,
    request: unknown,
    options: RequestOptions,
  ) {
    this.caller = caller
    this.peer = peer
    this.there = there
    this.kind = kind
    this.request = request
    this.options = options
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  get isSettled(): boolean {
    return this.isSettledNow
  }

  /** Starts the deadline, and listens to the signal. `life` is the caller's. */
  begin(clock: VirtualClock, life: Lifetime): void {
    const { timeoutMs, signal } = this.options
    this.clock = clock
    this.life = life
    this.deadline = clock.scheduleDeadline(timeoutMs, life, new Deadline(this))
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

  /** The next event that this is brings the answer back. */
  travelBack(bytes: number, answerer: ObjectNetwork, outcome: Outcome): void {
    this.bytes = bytes
    this.answerer = answerer
    this.outcome = outcome
  }

  happen(): void {
    if (this.outcome === undefined) this.caller.onArrival(this)
    else this.answerer?.onReturn(this, this.outcome)
  }

  expire(): void {
    const what = `${this.kind} to ${this.peer.id.slice(0, 8)} got no answer within ${this.options.timeoutMs} ms`
    this.caller.giveUp(this, new Failure('timed-out', what))
  }

  /** Ends the caller's part: its promise, deadline and listener. Nothing happens the second time. */
  settle(outcome: Outcome): void {
    if (this.isSettledNow) return
    this.abandon()
    this.caller.onSettled(this)
    if (this.deadline !== undefined) this.clock?.cancelDeadline(this.deadline, this.options.timeoutMs)
    if (this.onAbort !== undefined) this.options.signal?.removeEventListener('abort', this.onAbort)
    if (this.life?.ended === true) return
    if ('failure' in outcome) this.reject(outcome.failure)
    else this.resolve(outcome.reply)
  }

  /** The caller is gone: nothing of this settles any more. */
  abandon(): void {
    this.isSettledNow = true
  }
}

class Deadline implements Happening {
  private readonly exchange: Exchange

  constructor(exchange: Exchange) {
    this.exchange = exchange
  }

  happen(): void {
    this.exchange.expire()
  }
}
