/** A node's network that tells a meter how many bytes of fragments it asks for, sends and is given, and from whom. */
import type { NodeId } from '../src/base/id.ts'
import type { Contact } from '../src/ports/connection.ts'
import type { Handler, Network, PeerEvents, RequestOptions } from '../src/ports/network.ts'
import type { MessageKind, Messages } from '../src/wire/messages.ts'

export interface Meter {
  /** A request that has been sent, whatever comes of it. */
  onAsked?(kind: MessageKind): void
  /** A request that this node is about to answer. */
  onAnswered?(kind: MessageKind, request: Messages[MessageKind]['request']): void
  /** Bytes of fragments that `from` gave when it was asked for them. */
  onFetched?(from: NodeId, bytes: number): void
  /** Bytes of fragments that were sent to be kept. */
  onSent?(bytes: number): void
}

export class MeteredNetwork implements Network<Messages> {
  private readonly inner: Network<Messages>
  private readonly meter: Meter

  constructor(inner: Network<Messages>, meter: Meter) {
    this.inner = inner
    this.meter = meter
  }

  get self(): Contact {
    return this.inner.self
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
    this.meter.onAsked?.(kind)
    if (kind === 'store' || kind === 'storeAll') this.meter.onSent?.(bodyBytes(request))
    const reply = this.inner.request(peer, kind, request, options)
    return kind === 'fetch' ? this.fetched(peer.id, reply) : reply
  }

  serve<K extends MessageKind>(kind: K, handler: Handler<Messages[K]['request'], Messages[K]['reply']>): void {
    this.inner.serve(kind, (request, from, signal) => {
      this.meter.onAnswered?.(kind, request)
      return handler(request, from, signal)
    })
  }

  close(): Promise<void> {
    return this.inner.close()
  }

  private async fetched<R>(from: NodeId, reply: Promise<R>): Promise<R> {
    const answer = await reply
    this.meter.onFetched?.(from, bodyBytes(answer))
    return answer
  }
}

function bodyBytes(message: unknown): number {
  const { body } = message as { readonly body?: readonly Uint8Array[] }
  return body?.reduce((sum, part) => sum + part.length, 0) ?? 0
}
