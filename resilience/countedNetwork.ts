/** A node's network that counts what it asks and answers, by kind: the load of nodes and the cost of lookups; lookups can be watched. */
import type { NodeId, Point } from '../src/base/id.ts'
import type { Contact } from '../src/ports/connection.ts'
import type { Handler, Network, PeerEvents, RequestOptions } from '../src/ports/network.ts'
import type { MessageKind, Messages } from '../src/wire/messages.ts'

/** Told of this node's questions for one point. */
export interface FindWatcher {
  onAsk(to: NodeId): void
  onAnswer(from: NodeId, named: readonly Contact[]): void
}

export class CountedNetwork implements Network<Messages> {
  private readonly inner: Network<Messages>
  private readonly askedCounts = new Map<MessageKind, number>()
  private readonly answeredCounts = new Map<MessageKind, number>()
  private readonly watchers = new Map<Point, FindWatcher>()

  constructor(inner: Network<Messages>) {
    this.inner = inner
  }

  get self(): Contact {
    return this.inner.self
  }

  asked(kind: MessageKind): number {
    return this.askedCounts.get(kind) ?? 0
  }

  answered(kind: MessageKind): number {
    return this.answeredCounts.get(kind) ?? 0
  }

  /** Watches questions for one point from now on. Returns what ends it. */
  watchFinds(point: Point, watcher: FindWatcher): () => void {
    this.watchers.set(point, watcher)
    return () => {
      this.watchers.delete(point)
    }
  }

  start(events: PeerEvents): Promise<void> {
    return this.inner.start(events)
  }

  request<K extends MessageKind>(
    peer: Contact,
    kind: K,
    request: Messages[K]['request'],
    options: RequestOptions,
  ): Promise<Messages[K]['reply']> {
    this.askedCounts.set(kind, this.asked(kind) + 1)
    const reply = this.inner.request(peer, kind, request, options)
    const watcher = isFor('find', kind, request) ? this.watchers.get(request.target) : undefined
    return watcher === undefined ? reply : watched(reply, peer.id, watcher)
  }

  serve<K extends MessageKind>(kind: K, handler: Handler<Messages[K]['request'], Messages[K]['reply']>): void {
    this.inner.serve(kind, (request, from, signal) => {
      this.answeredCounts.set(kind, this.answered(kind) + 1)
      return handler(request, from, signal)
    })
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

async function watched<R>(reply: Promise<R>, to: NodeId, watcher: FindWatcher): Promise<R> {
  watcher.onAsk(to)
  const answer = await reply
  if (isNaming(answer)) watcher.onAnswer(to, answer.contacts)
  return answer
}

function isFor<K extends MessageKind>(
  wanted: K,
  kind: MessageKind,
  request: Messages[MessageKind]['request'],
): request is Messages[K]['request'] {
  return kind === wanted && typeof request === 'object'
}

function isNaming(answer: unknown): answer is Messages['find']['reply'] {
  return typeof answer === 'object' && answer !== null && 'contacts' in answer
}
