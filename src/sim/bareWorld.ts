/** A world whose nodes do nothing by themselves and lay their ports open, for tests of the world and of parts of a node. */
import type { MessageMap } from '../ports/network.ts'
import { inertCoder } from './inertCoder.ts'
import type { NodePorts, SimProcess } from './machine.ts'
import { World, type WorldOptions } from './world.ts'

export interface BareProcess<M extends MessageMap> extends SimProcess {
  readonly ports: NodePorts<M>
}

export type BareWorldOptions = Omit<WorldOptions<SimProcess, MessageMap>, 'spawn' | 'coder'>

export function bareWorld<M extends MessageMap = MessageMap>(options: BareWorldOptions): World<BareProcess<M>, M> {
  return new World<BareProcess<M>, M>({
    ...options,
    coder: inertCoder,
    spawn: async (ports) => ({
      ports,
      stop: async () => {
        await ports.transport.close()
        await ports.network.close()
      },
    }),
  })
}
