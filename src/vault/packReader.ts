/** Packs read whole and kept while a tree is walked, so that a thousand small files do not cost a thousand searches. */
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Capability } from '../crypto/link.ts'
import type { ByteRange, Objects, OpenObject } from '../storage/objects.ts'
import { READ_CHUNK_BYTES } from '../storage/limits.ts'
import { PACK_BYTES_MAX, WALKED_PACKS_MAX } from './limits.ts'

export class PackReader {
  private readonly objects: Objects
  /** Least recently used first. */
  private readonly kept = new Map<string, Promise<Bytes>>()

  constructor(objects: Objects) {
    this.objects = objects
  }

  /** The pack as something to stream ranges from; it is read at the first. */
  whole(capability: Capability): Pick<OpenObject, 'stream'> {
    return { stream: (options = {}) => this.stream(capability, options) }
  }

  private async *stream(
    capability: Capability,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal },
  ): AsyncGenerator<Bytes> {
    const bytes = await this.bytesOf(capability, options.signal)
    const { start, end } = options.range ?? { start: 0, end: bytes.length - 1 }
    if (end >= bytes.length) throw new Failure('damaged', 'a pack is shorter than its directory says')
    for (let at = start; at <= end; at += READ_CHUNK_BYTES) {
      yield bytes.subarray(at, Math.min(at + READ_CHUNK_BYTES, end + 1))
    }
  }

  private bytesOf(capability: Capability, signal: AbortSignal | undefined): Promise<Bytes> {
    const kept = this.kept.get(capability.root) ?? this.read(capability, signal)
    this.kept.delete(capability.root)
    this.kept.set(capability.root, kept)
    kept.catch(() => this.kept.delete(capability.root))
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= WALKED_PACKS_MAX) break
      this.kept.delete(oldest)
    }
    return kept
  }

  private async read(capability: Capability, signal: AbortSignal | undefined): Promise<Bytes> {
    const options = signal === undefined ? {} : { signal }
    const object = await this.objects.open(capability, options)
    if (object.size > PACK_BYTES_MAX) throw new Failure('damaged', 'a pack is larger than any pack')
    const chunks: Bytes[] = []
    for await (const chunk of object.stream(options)) chunks.push(chunk)
    return concat(...chunks)
  }
}
