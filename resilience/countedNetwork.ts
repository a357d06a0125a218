/** A node's network that counts what it asks and answers, by kind: the load of nodes and the cost of lookups. */
import type { Contact } from '../src/ports/connection.ts'
import type { Handler, Network, PeerEvents, RequestOptions } from '../src/ports/network.ts'
import type { MessageKind, Messages } from '../src/wire/messages.ts'

export class CountedNetwork implements Network<Messages> {
  private readonly inner: Network<Messages>
  private readonly askedCounts = new Map<MessageKind, number>()
  private readonly answeredCounts = new Map<MessageKind, number>()

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
    return this.inner.request(peer, kind, request, options)
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
