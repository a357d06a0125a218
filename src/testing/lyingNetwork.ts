/** A network whose node returns every fragment it is asked for with a byte changed: a holder that lies. */
import { EMPTY } from '../base/bytes.ts'
import type { Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import { alteredPort } from './alteredPort.ts'

/** `network`, but for its answers to `fetch`. What the node keeps is left as it is, and everything else it says is true. */
export function lyingNetwork<N extends Network<Messages>>(network: N): N {
  const serve: Network<Messages>['serve'] = (kind, handler) => {
    network.serve(kind, async (request, from, signal) => {
      const reply = await handler(request, from, signal)
      return (kind as string) === 'fetch' ? { ...reply, body: reply.body?.map(corrupted) ?? [] } : reply
    })
  }
  return alteredPort<N>(network, { serve } as Partial<N>)
}

function corrupted(data: Uint8Array): Uint8Array {
  if (data.length === 0) return EMPTY
  const lie = data.slice()
  const at = lie.length >> 1
  lie[at] = (lie[at] as number) ^ 0xff
  return lie
}
