/**
 * What makes a node of the world hostile: it runs the honest process, so that it joins, answers pings and sits in tables like
 * any other, but some of its replies are replaced, and it may act besides. Each attack stands in a file of its own here.
 */
import type { Contact } from '../../ports/connection.ts'
import type { Handler, Network, PeerEvents, RequestOptions } from '../../ports/network.ts'
import type { MessageKind, Messages } from '../../wire/messages.ts'
import type { NodePorts, SimProcess } from '../machine.ts'

/** Starts an honest process on the ports it is given. */
export type HonestStart = (ports: NodePorts<Messages>) => Promise<SimProcess>

type MessageHandler<K extends MessageKind> = Handler<Messages[K]['request'], Messages[K]['reply']>

/** For some kinds of message, what is answered in place of `honest`. */
export type FalseReplies = { readonly [K in MessageKind]?: (honest: MessageHandler<K>) => MessageHandler<K> }

export interface Attack {
  readonly replies: FalseReplies
  /** What the node does besides, from its start to the end of `signal`. */
  readonly act?: (ports: NodePorts<Messages>, signal: AbortSignal) => Promise<void>
}

/** Starts a hostile node. */
export async function startAttacker(
  ports: NodePorts<Messages>,
  { replies, act }: Attack,
  honest: HonestStart,
): Promise<SimProcess> {
  const process = await honest({ ...ports, network: new FalseNetwork(ports.network, replies) })
  const ending = new AbortController()
  const acting = act?.(ports, ending.signal)
  return {
    stop: async () => {
      ending.abort()
      await Promise.all([process.stop(), acting])
    },
  }
}

/** A network on which the honest node's handlers are replaced as it registers them. */
class FalseNetwork implements Network<Messages> {
  private readonly inner: Network<Messages>
  private readonly replies: FalseReplies

  constructor(inner: Network<Messages>, replies: FalseReplies) {
    this.inner = inner
    this.replies = replies
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
    return this.inner.request(peer, kind, request, options)
  }

  serve<K extends MessageKind>(kind: K, handler: MessageHandler<K>): void {
    const replace: ((honest: MessageHandler<K>) => MessageHandler<K>) | undefined = this.replies[kind]
    this.inner.serve(kind, replace === undefined ? handler : replace(handler))
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
