/**
 * What one put writes down, so that the same put can go on after its client or this node was killed: the object's secret, for each
 * stripe its id, and which fragments others gave their word for. The id stands on the disk before any fragment leaves: the same place of
 * the same object has the same key, and a key must never encipher two contents, for whoever sees both learns their XOR. An id names
 * the enciphered bytes, so that to compare ids is to compare contents.
 */
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { TOTAL_MAX } from '../coding/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { bytesOf, decodeAs, encodeAs, id, record, uint } from '../wire/schema.ts'
import { ACKNOWLEDGED_SHARE, JOURNAL_WRITE_MS, RECEIPT_MS_MAX, WIND_UP_MS } from './limits.ts'

/** A stripe of a put, by what it is for: `segment/3`, `list/1/0`, `root`. */
export interface PutPart {
  /** Fragments that others keep by their signed word. */
  readonly stored: ReadonlySet<number>
  /** The placing of it had come to its end. */
  readonly isPlaced: boolean
  /** The receipts are so old that their holders may have left. */
  readonly isStale: boolean
  /** Of what is stored only this is still there. */
  onAsked(stillHeld: ReadonlySet<number>): void
  onStored(indices: readonly number[]): void
  onPlaced(): void
}

export interface PutJournal {
  readonly secret: Bytes
  /** How long store requests under way may finish when the put is given up: each receipt spares the next attempt a fragment. */
  readonly windUpMs: number
  /**
   * What is known of this part; settles when its id is durable. Fails with `invalid` when the part is known with other content, and
   * then the journal is dropped as it closes; with `no-space` or `storage` when it cannot be written.
   */
  part(name: string, stripe: { readonly id: StripeId; readonly total: number }): Promise<PutPart>
  /** The put has succeeded. */
  onFinished(): void
  /** To be called when nothing of the put is under way any more. Never rejects. */
  close(): Promise<void>
}

/** Of a put that nothing is written about: it cannot be resumed. */
export function unwrittenJournal(secret: Bytes): PutJournal {
  return {
    secret,
    windUpMs: 0,
    part: async () => UNWRITTEN_PART,
    onFinished: () => undefined,
    close: async () => undefined,
  }
}

const UNWRITTEN_PART: PutPart = {
  stored: new Set(),
  isPlaced: false,
  isStale: false,
  onAsked: () => undefined,
  onStored: () => undefined,
  onPlaced: () => undefined,
}

const PART_BYTES_MAX = 128
const TIME_MS_MAX = 2 ** 48

const partSchema = record({
  stripe: id<StripeId>(),
  /** One bit for each fragment, the first in the lowest bit of the first byte. */
  stored: bytesOf(TOTAL_MAX / 8),
  /** Of the latest receipt. */
  receiptMs: uint(TIME_MS_MAX),
  placed: uint(1),
})

export interface WrittenJournalOptions {
  readonly state: StateStore
  readonly clock: Clock
  readonly secret: Bytes
  /** Of the keys under which parts are kept. */
  readonly prefix: string
  /** Called once, when everything is written: whether the put had finished, or its journal is of no more use. */
  readonly onClosed: (outcome: 'interrupted' | 'finished' | 'changed') => Promise<void>
}

export class WrittenJournal implements PutJournal {
  readonly secret: Bytes
  readonly windUpMs = WIND_UP_MS
  private readonly options: WrittenJournalOptions
  private readonly unwritten = new Set<WrittenPart>()
  private readonly closing = new AbortController()
  private writing: Promise<void> | undefined
  private outcome: 'interrupted' | 'finished' | 'changed' = 'interrupted'

  constructor(options: WrittenJournalOptions) {
    this.options = options
    this.secret = options.secret
  }

  async part(name: string, { id, total }: { readonly id: StripeId; readonly total: number }): Promise<PutPart> {
    const { state, clock, prefix } = this.options
    const key = `${prefix}${name}`
    const bytes = await state.get(key)
    const onChange = (changed: WrittenPart): void => {
      this.write(changed)
    }
    if (bytes === undefined) {
      const part = new WrittenPart({ key, id, total, clock, onChange })
      await state.put(key, part.encoded())
      return part
    }
    const known = decodeAs(partSchema, bytes, PART_BYTES_MAX)
    if (known.ok && known.value.stripe === id) return new WrittenPart({ key, id, total, clock, onChange }, known.value)
    this.outcome = 'changed'
    throw new Failure(
      'invalid',
      'the content has changed since the put that was interrupted; put it again from its start',
      {
        details: { changed: true },
      },
    )
  }

  onFinished(): void {
    if (this.outcome === 'interrupted') this.outcome = 'finished'
  }

  async close(): Promise<void> {
    this.closing.abort()
    await this.writing
    await this.options.onClosed(this.outcome)
  }

  /** Soon and together with others, while nobody waits: a receipt that is not written costs no more than its fragments. */
  private write(part: WrittenPart): void {
    this.unwritten.add(part)
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined
    })
  }

  private async writeAll(): Promise<void> {
    while (this.unwritten.size > 0) {
      await this.options.clock.sleep(JOURNAL_WRITE_MS, this.closing.signal).catch(() => undefined)
      const parts = [...this.unwritten]
      this.unwritten.clear()
      const writes = parts.map((part) => this.options.state.put(part.key, part.encoded()))
      await Promise.allSettled(writes)
    }
  }
}

interface PartOptions {
  readonly key: string
  readonly id: StripeId
  readonly total: number
  readonly clock: Clock
  readonly onChange: (part: WrittenPart) => void
}

class WrittenPart implements PutPart {
  readonly key: string
  private readonly options: PartOptions
  private readonly indices: Set<number>
  private receiptMs: number
  private placed: boolean

  constructor(options: PartOptions, known?: { stored: Uint8Array; receiptMs: number; placed: number }) {
    this.key = options.key
    this.options = options
    this.indices = new Set(known === undefined ? [] : bitsOf(known.stored).filter((index) => index < options.total))
    this.receiptMs = known?.receiptMs ?? 0
    this.placed = known?.placed === 1
  }

  get stored(): ReadonlySet<number> {
    return this.indices
  }

  get isPlaced(): boolean {
    return this.placed && this.indices.size >= Math.ceil(this.options.total * ACKNOWLEDGED_SHARE)
  }

  get isStale(): boolean {
    return this.indices.size > 0 && this.options.clock.now() - this.receiptMs > RECEIPT_MS_MAX
  }

  onAsked(stillHeld: ReadonlySet<number>): void {
    for (const index of this.indices) if (!stillHeld.has(index)) this.indices.delete(index)
    this.changed()
  }

  onStored(indices: readonly number[]): void {
    for (const index of indices) this.indices.add(index)
    this.changed()
  }

  onPlaced(): void {
    this.placed = true
    this.options.onChange(this)
  }

  encoded(): Bytes {
    const stored = new Uint8Array(TOTAL_MAX / 8)
    for (const index of this.indices) stored[index >> 3] = (stored[index >> 3] ?? 0) | (1 << (index & 7))
    return encodeAs(partSchema, {
      stripe: this.options.id,
      stored,
      receiptMs: Math.round(this.receiptMs),
      placed: this.placed ? 1 : 0,
    })
  }

  private changed(): void {
    this.receiptMs = this.options.clock.now()
    this.options.onChange(this)
  }
}

function bitsOf(bytes: Uint8Array): readonly number[] {
  const indices = Array.from({ length: 8 * bytes.length }, (_, index) => index)
  return indices.filter((index) => (((bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1)
}
