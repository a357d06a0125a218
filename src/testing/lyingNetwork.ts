/** A holder that lies: whoever fetches from it gets every fragment with a byte changed. About all else it is honest. */
import type { Bytes } from '../base/bytes.ts'
import type { Handler, Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import { alteredPort } from './alteredPort.ts'

type Fetch = Handler<Messages['fetch']['request'], Messages['fetch']['reply']>

/** `network`, through which no true fragment leaves. */
export function lyingNetwork<N extends Network<Messages>>(network: N): N {
  const serve: Network<Messages>['serve'] = (kind, handler) => {
    // The handler of a kind is that kind's; the compiler cannot see it through the name.
    const served = kind === 'fetch' ? (lying(handler as unknown as Fetch) as unknown as typeof handler) : handler
    network.serve(kind, served)
  }
  return alteredPort<N>(network, { serve } as Partial<N>)
}

function lying(honest: Fetch): Fetch {
  return async (request, from, signal) => {
    const reply = await honest(request, from, signal)
    return { ...reply, body: (reply.body ?? []).map(corrupted) }
  }
}

function corrupted(data: Uint8Array): Bytes {
  const lie = new Uint8Array(data)
  const at = lie.length >> 1
  if (lie.length > 0) lie[at] = (lie[at] as number) ^ 0xff
  return lie
}
