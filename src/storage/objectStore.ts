/** Objects (objects.ts) on top of the network: the composition of writer, reader and health, nothing more. */
import type { Bytes } from '../base/bytes.ts'
import { abortFailure, Failure } from '../base/failure.ts'
import { linkedController } from '../base/signals.ts'
import type { Capability } from '../crypto/link.ts'
import { objectHealth } from './health.ts'
import { openObject } from './objectReader.ts'
import type {
  ByteRange,
  Health,
  KeepResult,
  Objects,
  OpenObject,
  PutOptions,
  PutResult,
  ReleaseResult,
  RepairResult,
  UpkeepOptions,
} from './objects.ts'
import { RootCache } from './rootCache.ts'
import { writeObject, type WriteDeps } from './objectWriter.ts'
import { keepObject, releaseObject, repairObject, type UpkeepDeps } from './objectUpkeep.ts'

export class ObjectStore implements Objects {
  private readonly deps: UpkeepDeps & WriteDeps
  private readonly survive: number
  private readonly roots: RootCache
  private readonly ending = new AbortController()

  /** `survive`: the share of nodes that may vanish at once, for puts that name none. */
  constructor(deps: UpkeepDeps & WriteDeps, survive: number) {
    this.deps = deps
    this.survive = survive
    this.roots = new RootCache(deps.clock)
  }

  put(source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutResult> {
    return this.call(options, (signal) => writeObject(this.deps, source, this.survive, { ...options, signal }))
  }

  async open(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<OpenObject> {
    const object = await this.call(options, (signal) =>
      openObject({ ...this.deps, roots: this.roots }, capability, signal),
    )
    const { size, type } = object
    return { size, type, stream: (streamOptions) => this.stream(object, streamOptions) }
  }

  health(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<Health> {
    return this.call(options, (signal) => objectHealth(this.deps, capability, signal))
  }

  keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult> {
    return this.call(options, (signal) => keepObject(this.deps, capability, options.leaseMs, signal))
  }

  repair(capability: Capability, options: UpkeepOptions = {}): Promise<RepairResult> {
    return this.call(options, (signal) => repairObject(this.deps, capability, signal))
  }

  release(capability: Capability, options: UpkeepOptions = {}): Promise<ReleaseResult> {
    if (capability.right !== 'read')
      throw new Failure('invalid', 'releasing needs the link that reads, not one that verifies')
    this.roots.drop(capability.root)
    return this.call(options, async (signal) =>
      releaseObject(this.deps, capability, await this.deps.owners.seed(capability.key), signal),
    )
  }

  /** Ends every call and stream under way with `closed`, and every later one. */
  close(): void {
    this.ending.abort(new Failure('closed', 'this node is stopping'))
  }

  private async call<T>(
    options: { readonly signal?: AbortSignal },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = linkedController(options.signal, this.ending.signal)
    try {
      // What needs nobody is not done either once the node stops.
      if (controller.signal.aborted) throw abortFailure(controller.signal)
      return await work(controller.signal)
    } finally {
      controller.abort(new Failure('aborted', 'the call has ended'))
      controller.release()
    }
  }

  private async *stream(
    object: OpenObject,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Bytes> {
    const controller = linkedController(options.signal, this.ending.signal)
    try {
      yield* object.stream({ ...options, signal: controller.signal })
    } finally {
      controller.release()
    }
  }
}
