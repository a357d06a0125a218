/** Objects (objects.ts) on top of the network: the composition of writer, reader and health, nothing more. */
import { linkedController } from '../base/signals.ts'
import type { Capability } from '../crypto/link.ts'
import { objectHealth } from './health.ts'
import { openObject } from './objectReader.ts'
import type { Health, Objects, OpenObject, PutOptions, PutResult } from './objects.ts'
import { writeObject, type WriteDeps } from './objectWriter.ts'
import type { ReadDeps } from './readStripe.ts'

export class ObjectStore implements Objects {
  private readonly deps: ReadDeps & WriteDeps
  private readonly survive: number

  /** `survive`: the share of nodes that may vanish at once, for puts that name none. */
  constructor(deps: ReadDeps & WriteDeps, survive: number) {
    this.deps = deps
    this.survive = survive
  }

  put(source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutResult> {
    return writeObject(this.deps, source, this.survive, options)
  }

  open(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<OpenObject> {
    return withSignal(options.signal, (signal) => openObject(this.deps, capability, signal))
  }

  health(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<Health> {
    return withSignal(options.signal, (signal) => objectHealth(this.deps, capability, signal))
  }
}

async function withSignal<T>(parent: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = linkedController(parent)
  try {
    return await work(controller.signal)
  } finally {
    controller.release()
  }
}
