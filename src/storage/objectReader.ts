/** Reading an object: its root, then its segments, a few ahead of the reader, deciphered and cut to the range asked for. */
import { concat, type Bytes } from '../base/bytes.ts'
import { abortFailure, Failure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { linkedController } from '../base/signals.ts'
import { objectKeys, rootKey, segmentKey } from '../crypto/derive.ts'
import type { Capability } from '../crypto/link.ts'
import { checkedRange } from './byteRange.ts'
import { READ_AHEAD_SEGMENTS, READ_CHUNK_BYTES } from './limits.ts'
import type { ByteRange, OpenObject } from './objects.ts'
import { readStripe, type CipherRun, type ReadDeps, type SegmentRange } from './readStripe.ts'
import { decodeRoot, openContent, segmentCount, type Root, type RootContent } from './root.ts'
import type { RootCache } from './rootCache.ts'
import { StripeLists } from './stripeLists.ts'

/** The root of an object as the network has it, for those who may at least verify. Fails as readStripe does. */
export async function readRoot(
  deps: ReadDeps,
  root: StripeId,
  verifyKey: Uint8Array,
  signal: AbortSignal,
): Promise<Root> {
  return decipheredRoot(deps, await rootCipher(deps, root, signal), verifyKey)
}

/** See Objects.open. The root may come out of the cache. */
export async function openObject(
  deps: ReadDeps & { readonly roots: RootCache },
  capability: Capability,
  signal: AbortSignal,
): Promise<OpenObject> {
  if (capability.right !== 'read')
    throw new Failure('invalid', 'a verify link does not open content; use the read link')
  const { verifyKey, readKey } = objectKeys(deps.primitives, capability.key)
  let cipher = deps.roots.get(capability.root)
  if (cipher === undefined) {
    cipher = await rootCipher(deps, capability.root, signal)
    deps.roots.put(capability.root, cipher)
  }
  const root = decipheredRoot(deps, cipher, verifyKey)
  const content = openContent(deps.primitives, readKey, root)
  if (!content.ok) throw new Failure('damaged', `the root of the object cannot be opened: ${content.error}`)
  return new StoredObject(deps, root, content.value, { verifyKey, readKey })
}

async function rootCipher(deps: ReadDeps, root: StripeId, signal: AbortSignal): Promise<Bytes> {
  const { chunks } = await readStripe(deps, root, { signal })
  return concat(...chunks)
}

function decipheredRoot(deps: ReadDeps, cipher: Bytes, verifyKey: Uint8Array): Root {
  const decoded = decodeRoot(deps.primitives.cipher(rootKey(deps.primitives, verifyKey), 0, cipher))
  if (!decoded.ok)
    throw new Failure('damaged', `the root of the object cannot be read with this link: ${decoded.error}`)
  return decoded.value
}

class StoredObject implements OpenObject {
  private readonly deps: ReadDeps
  private readonly root: Root
  private readonly content: RootContent
  private readonly readKey: Uint8Array
  private readonly lists: StripeLists

  constructor(deps: ReadDeps, root: Root, content: RootContent, keys: { verifyKey: Uint8Array; readKey: Uint8Array }) {
    this.deps = deps
    this.root = root
    this.content = content
    this.readKey = keys.readKey
    this.lists = new StripeLists(deps, root, keys.verifyKey)
  }

  get size(): number {
    return this.root.size
  }

  get type(): string {
    return this.content.type
  }

  async *stream(options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {}): AsyncGenerator<Bytes> {
    const range = checkedRange(options.range, this.size)
    if (range === undefined) return
    if (segmentCount(this.root) === 0) {
      yield this.content.inline.slice(range.start, range.end + 1)
      return
    }
    const controller = linkedController(options.signal)
    try {
      yield* this.segmentsOf(range, controller.signal)
    } finally {
      controller.abort(new Failure('aborted', 'the reader has stopped'))
      controller.release()
    }
  }

  private async *segmentsOf(range: ByteRange, signal: AbortSignal): AsyncGenerator<Bytes> {
    const { segmentBytes } = this.root
    const last = Math.floor(range.end / segmentBytes)
    let next = Math.floor(range.start / segmentBytes)
    const ahead: Promise<readonly Bytes[]>[] = []
    for (;;) {
      while (next <= last && ahead.length <= READ_AHEAD_SEGMENTS) {
        const reading = this.segment(next, range, signal)
        // A segment read ahead may fail before its turn; the failure is met when its turn comes.
        reading.catch(() => undefined)
        ahead.push(reading)
        next++
      }
      const reading = ahead.shift()
      if (reading === undefined) return
      for (const chunk of await reading) {
        if (signal.aborted) throw abortFailure(signal)
        if (chunk.length > 0) yield chunk
      }
    }
  }

  /** The clear bytes of one segment that lie in the range. */
  private async segment(position: number, range: ByteRange, signal: AbortSignal): Promise<readonly Bytes[]> {
    const { segmentBytes } = this.root
    const base = position * segmentBytes
    const within: SegmentRange = {
      start: Math.max(0, range.start - base),
      end: Math.min(segmentBytes - 1, range.end - base),
    }
    const stripe = await this.lists.stripe(position, signal)
    const run = await readStripe(this.deps, stripe, { range: within, signal })
    const key = segmentKey(this.deps.primitives, this.readKey, position)
    const chunks = decipher(this.deps, key, run, within)
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const expected = within.end - within.start + 1
    if (length !== expected) throw new Failure('damaged', `segment ${String(position)} is shorter than its object says`)
    return chunks
  }
}

const CIPHER_BLOCK_BYTES = 16

/** The clear bytes of `range`, in chunks of at most READ_CHUNK_BYTES, so that no turn of the event loop is long. */
function decipher(deps: ReadDeps, key: Uint8Array, run: CipherRun, range: SegmentRange): readonly Bytes[] {
  const clear: Bytes[] = []
  let offset = run.offset
  for (const chunk of run.chunks) {
    const from = Math.max(0, range.start - offset)
    const to = Math.min(chunk.length, range.end + 1 - offset)
    for (let at = from; at < to; at += READ_CHUNK_BYTES) {
      const piece = chunk.subarray(at, Math.min(at + READ_CHUNK_BYTES, to))
      clear.push(decipherAt(deps, key, offset + at, piece))
    }
    offset += chunk.length
  }
  return clear
}

/** The cipher starts at whole blocks: what stands before `bytes` in its first block is filled up and dropped again. */
function decipherAt(deps: ReadDeps, key: Uint8Array, offset: number, bytes: Uint8Array): Bytes {
  const skip = offset % CIPHER_BLOCK_BYTES
  if (skip === 0) return deps.primitives.cipher(key, offset, bytes)
  return deps.primitives.cipher(key, offset - skip, concat(new Uint8Array(skip), bytes)).subarray(skip)
}
