/**
 * A checker: every request that a living process has made settles by its deadline, whatever happens to its peer and to the
 * network in between. Those of a process that has ended count for nothing.
 */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Contact } from '../../ports/connection.ts'
import type { Handler, MessageMap, Network, PeerEvents, RequestOptions } from '../../ports/network.ts'

/** What the checker looks at; every world has it. */
interface Timed {
  readonly clock: { now(): number }
  isUp(node: number): boolean
}

/** Clocks of processes tell whole milliseconds. */
const ROUNDING_MS = 1

interface Caller {
  readonly node: number
  isCurrent: boolean
}

interface Pending {
  readonly caller: Caller
  readonly kind: string
  readonly deadlineMs: number
}

export class RequestsSettle {
  /** Runs after every event. */
  readonly check: (world: Timed) => void
  private readonly callers = new Map<number, Caller>()
  /** By their timeout, so that each lane is in order of deadlines and only its first entry needs looking at. */
  private readonly lanes = new Map<number, Set<Pending>>()
  private settled = 0

  constructor() {
    this.check = (world) => {
      for (const lane of this.lanes.values()) checkLane(lane, world)
    }
  }

  /** Requests that have settled, of all processes. */
  get settledCount(): number {
    return this.settled
  }

  /** The network for a process that starts on this machine now: the same, but watched. */
  watch<M extends MessageMap>(network: Network<M>, clock: Clock, node: number): Network<M> {
    const earlier = this.callers.get(node)
    if (earlier !== undefined) earlier.isCurrent = false
    const caller: Caller = { node, isCurrent: true }
    this.callers.set(node, caller)
    return new SettlingNetwork(network, (kind, timeoutMs) =>
      this.begin({ caller, kind, deadlineMs: clock.now() + timeoutMs }, timeoutMs),
    )
  }

  /** Returns what is called when the request settles. */
  private begin(pending: Pending, timeoutMs: number): () => void {
    const lane = this.lanes.get(timeoutMs) ?? new Set()
    this.lanes.set(timeoutMs, lane.add(pending))
    return () => {
      lane.delete(pending)
      this.settled++
    }
  }
}

function checkLane(lane: Set<Pending>, world: Timed): void {
  for (const pending of lane) {
    const { caller, kind, deadlineMs } = pending
    const nowMs = world.clock.now()
    if (nowMs <= deadlineMs + ROUNDING_MS) return
    const isOver = !caller.isCurrent || !world.isUp(caller.node)
    assert(isOver, `node ${caller.node} still waits for ${kind}, ${nowMs - deadlineMs} ms after the deadline`)
    lane.delete(pending)
  }
}

class SettlingNetwork<M extends MessageMap> implements Network<M> {
  private readonly inner: Network<M>
  private readonly begin: (kind: string, timeoutMs: number) => () => void

  constructor(inner: Network<M>, begin: (kind: string, timeoutMs: number) => () => void) {
    this.inner = inner
    this.begin = begin
  }

  get self(): Contact {
    return this.inner.self
  }

  start(events: PeerEvents): Promise<void> {
    return this.inner.start(events)
  }

  request<K extends keyof M & string>(
    peer: Contact,
    kind: K,
    request: M[K]['request'],
    options: RequestOptions,
  ): Promise<M[K]['reply']> {
    const settle = this.begin(kind, options.timeoutMs)
    return this.inner.request(peer, kind, request, options).finally(settle)
  }

  serve<K extends keyof M & string>(kind: K, handler: Handler<M[K]['request'], M[K]['reply']>): void {
    this.inner.serve(kind, handler)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
