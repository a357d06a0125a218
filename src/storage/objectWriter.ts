/** Storing an object from a stream: segments encoded and placed a few at a time, then lists of their stripes, then the root. */
import { EMPTY, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { linkedController, orAborted } from '../base/signals.ts'
import { codeFor } from '../coding/code.ts'
import { SEGMENT_BYTES_MAX } from '../coding/limits.ts'
import { listKey, objectKeys, rootKey, segmentKey, type ObjectKeys } from '../crypto/derive.ts'
import type { Code, Coder, EncodedStripe } from '../ports/coder.ts'
import { KEY_BYTES } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import { INLINE_BYTES_MAX, LIST_CHILDREN_MAX, PUT_SEGMENTS_PARALLEL, TYPE_CHARS_MAX } from './limits.ts'
import type { FragmentCounts, PutOptions, PutResult } from './objects.ts'
import { indicesHeld, type LocateDeps } from './locate.ts'
import type { OwnerKeys } from './ownerKeys.ts'
import { placeStripe, type PlaceDeps } from './placeStripe.ts'
import { unwrittenJournal, type PutJournal, type PutPart } from './putJournal.ts'
import type { PutJournals } from './putJournals.ts'
import { encodeList, encodeRoot, sealContent } from './root.ts'
import { segments } from './segments.ts'

export interface WriteDeps extends PlaceDeps, LocateDeps {
  readonly owners: OwnerKeys
  readonly coder: Coder
  readonly random: Random
  readonly journals: PutJournals
}

/** See Objects.put. `survive` is the share to use when the options name none. */
export async function writeObject(
  deps: WriteDeps,
  source: AsyncIterable<Uint8Array>,
  survive: number,
  options: PutOptions,
): Promise<PutResult> {
  const share = options.survive ?? survive
  if (!(share > 0 && share < 1)) throw new Failure('invalid', 'the share to survive lies between 0 and 1, as in 0.5')
  const { type = '' } = options
  if (type.length > TYPE_CHARS_MAX) throw new Failure('invalid', 'the media type is too long')
  if (!type.isWellFormed()) throw new Failure('invalid', 'the media type is no text')
  const controller = linkedController(options.signal)
  let ending: (() => Promise<void>) | undefined
  try {
    const journal = await openJournal(deps, share, options, controller.signal)
    const writing = new ObjectWriting(deps, share, { ...options, journal }, controller)
    ending = () => writing.settled().then(() => journal.close())
    // A source that gives nothing must not keep a put that has failed, or was given up, from settling.
    return await orAborted(writing.run(source), controller.signal)
  } catch (error) {
    controller.abort(error)
    throw error
  } finally {
    controller.release()
    void ending?.()
  }
}

async function openJournal(
  { journals, random }: WriteDeps,
  survive: number,
  { resumeKey, type = '' }: PutOptions,
  signal: AbortSignal,
): Promise<PutJournal> {
  if (resumeKey === undefined) return unwrittenJournal(random.bytes(KEY_BYTES))
  return journals.open({ resumeKey, survive, type }, signal)
}

type WritingOptions = PutOptions & { readonly journal: PutJournal }

class ObjectWriting {
  private readonly deps: WriteDeps
  private readonly survive: number
  private readonly options: WritingOptions
  private readonly controller: AbortController
  private readonly keys: ObjectKeys
  private readonly places = new Semaphore(PUT_SEGMENTS_PARALLEL)
  private owner: Promise<Bytes> | undefined
  private readonly underWay = new Set<Promise<unknown>>()
  private bytesRead = 0
  private fragmentsPlaced = 0
  private fragmentsResumed = 0
  private fragmentsTotal = 0
  private counts: FragmentCounts = { needed: 0, total: 0, placed: 0 }

  constructor(deps: WriteDeps, survive: number, options: WritingOptions, controller: AbortController) {
    this.deps = deps
    this.survive = survive
    this.options = options
    this.controller = controller
    this.keys = objectKeys(deps.primitives, options.journal.secret)
  }

  async run(source: AsyncIterable<Uint8Array>): Promise<PutResult> {
    const stripes: StripeId[] = []
    let inline: Bytes = EMPTY
    for await (const segment of segments(source, SEGMENT_BYTES_MAX)) {
      this.controller.signal.throwIfAborted()
      this.bytesRead += segment.length
      if (stripes.length === 0 && segment.length <= INLINE_BYTES_MAX) {
        inline = segment
        break
      }
      await this.begin(segment, stripes)
    }
    await Promise.all(this.underWay)
    const root = await this.track(this.writeRoot(stripes, inline))
    this.options.journal.onFinished()
    return {
      capability: { what: 'object', right: 'read', root, key: this.options.journal.secret },
      bytes: this.bytesRead,
      segments: stripes.length,
      fragments: this.counts,
      ...(this.fragmentsResumed === 0 ? {} : { fragmentsResumed: this.fragmentsResumed }),
    }
  }

  /** Settles when nothing of this put is under way any more, after its end. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay)
  }

  /** Returns once there is room to work on the segment; its stripe id is put in its place when it is placed. */
  private async begin(segment: Bytes, stripes: StripeId[]): Promise<void> {
    const position = stripes.length
    stripes.push('' as StripeId)
    const release = await this.places.acquire(1, this.controller.signal)
    const key = segmentKey(this.deps.primitives, this.keys.readKey, position)
    const placing = this.place(segment, key, `segment/${String(position)}`)
      .then((id) => {
        stripes[position] = id
      })
      .finally(release)
    // The failure is met again by whoever awaits all of them, or by the next segment through the signal.
    placing.catch((error: unknown) => {
      this.controller.abort(error)
    })
    void this.track(placing)
  }

  private track<T>(work: Promise<T>): Promise<T> {
    const forget = (): void => {
      this.underWay.delete(work)
    }
    this.underWay.add(work)
    work.then(forget, forget)
    return work
  }

  private async writeRoot(data: readonly StripeId[], inline: Bytes): Promise<StripeId> {
    const { primitives } = this.deps
    let children = data
    let depth = 0
    while (children.length > LIST_CHILDREN_MAX) {
      depth++
      children = await this.writeLists(children, depth)
    }
    const content = { type: this.options.type ?? '', inline }
    const sealed = sealContent(primitives, this.keys.readKey, content)
    const root = { size: this.bytesRead, segmentBytes: SEGMENT_BYTES_MAX, depth, children, sealed }
    return this.place(encodeRoot(root), rootKey(primitives, this.keys.verifyKey), 'root')
  }

  private async writeLists(children: readonly StripeId[], level: number): Promise<readonly StripeId[]> {
    const lists: StripeId[] = []
    for (let at = 0; at < children.length; at += LIST_CHILDREN_MAX) {
      const key = listKey(this.deps.primitives, this.keys.verifyKey, level, lists.length)
      const plain = encodeList(children.slice(at, at + LIST_CHILDREN_MAX))
      lists.push(await this.place(plain, key, `list/${String(level)}/${String(lists.length)}`))
    }
    return lists
  }

  /** `name`: what the key is for. The journal knows the stripe before a fragment of it leaves. */
  private async place(plain: Bytes, key: Bytes, name: string): Promise<StripeId> {
    const { coder } = this.deps
    const { journal } = this.options
    const { signal } = this.controller
    signal.throwIfAborted()
    const code = codeFor(plain.length, this.survive)
    this.fragmentsTotal += code.total
    const stripe = await coder.encode({ plain, key, code })
    // What is under way at an abort is waited for before the journal is closed; nothing more may come to it then.
    signal.throwIfAborted()
    const part = await journal.part(name, { id: stripe.id, total: code.total })
    if (part.isStale) part.onAsked(await indicesHeld(this.deps, stripe.id, signal))
    this.fragmentsResumed += part.stored.size
    this.onStored(part.stored.size)
    this.count(code, part.isPlaced ? part.stored.size : await this.placeRest(stripe, part))
    return stripe.id
  }

  private async placeRest(stripe: EncodedStripe, part: PutPart): Promise<number> {
    const placed = await placeStripe(this.deps, stripe, {
      owner: await (this.owner ??= this.deps.owners.tag(this.options.journal.secret)),
      signal: this.controller.signal,
      stored: part.stored,
      windUpMs: this.options.journal.windUpMs,
      onStored: (indices) => {
        part.onStored(indices)
        this.onStored(indices.length)
      },
    })
    part.onPlaced()
    return placed
  }

  private onStored(fragmentCount: number): void {
    this.fragmentsPlaced += fragmentCount
    if (fragmentCount > 0 && !this.controller.signal.aborted) this.tell()
  }

  private count(code: Code, placed: number): void {
    const { needed } = this.counts
    if (code.needed > needed) this.counts = { ...code, placed }
    else if (code.needed === needed) this.counts = { ...code, placed: Math.min(placed, this.counts.placed) }
  }

  private tell(): void {
    const { bytesRead, fragmentsPlaced, fragmentsTotal } = this
    this.options.onProgress?.({ bytes: bytesRead, fragmentsPlaced, fragmentsTotal })
  }
}
