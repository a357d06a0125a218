/** Small files gathered into packs, each stored as one object while the next is being filled. */
import { present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { Semaphore } from '../base/semaphore.ts'
import type { Capability } from '../crypto/link.ts'
import type { PutResult } from '../storage/objects.ts'
import { PACK_BYTES_MAX, PACKS_PARALLEL } from './limits.ts'

/** Where a file stands: in which pack, counted from 0, and from which byte on. */
export interface PackedPlace {
  readonly pack: number
  readonly offset: number
}

export class PackWriter {
  private readonly put: (source: AsyncIterable<Uint8Array>) => Promise<PutResult>
  private readonly parallel = new Semaphore(PACKS_PARALLEL)
  private readonly stored: Promise<PutResult>[] = []
  private filling: Bytes[] = []
  private filledBytes = 0

  constructor(put: (source: AsyncIterable<Uint8Array>) => Promise<PutResult>) {
    this.put = put
  }

  /** Waits while too many packs are being stored. */
  async add(bytes: Bytes): Promise<PackedPlace> {
    if (this.filledBytes + bytes.length > PACK_BYTES_MAX) await this.storePack()
    const place = { pack: this.stored.length, offset: this.filledBytes }
    this.filling.push(bytes)
    this.filledBytes += bytes.length
    return place
  }

  /** Settles when every pack is stored; rejects with the first failure. */
  async finish(): Promise<void> {
    if (this.filling.length > 0) await this.storePack()
    await Promise.all(this.stored)
  }

  /** After finish: what opens pack number `pack`. */
  async capability(pack: number): Promise<Capability> {
    return (await present(this.stored[pack], 'every place is in a pack')).capability
  }

  private async storePack(): Promise<void> {
    const files = this.filling
    this.filling = []
    this.filledBytes = 0
    const release = await this.parallel.acquire()
    const storing = this.put(chunksOf(files)).finally(release)
    // Met again in finish.
    storing.catch(() => undefined)
    this.stored.push(storing)
  }
}

async function* chunksOf(files: readonly Bytes[]): AsyncGenerator<Bytes> {
  for (const file of files) yield await Promise.resolve(file)
}
