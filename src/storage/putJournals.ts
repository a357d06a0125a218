/**
 * The journals of a node's puts (putJournal.ts) in its state: found again by what their clients call the content, one put at a time
 * for each, few in number and not for long, since each holds the secret of an object.
 */
import { toHex, utf8 } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import { deferred, orAborted } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import { KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { bytesUpTo, decodeAs, encodeAs, oneOf, record, uint } from '../wire/schema.ts'
import { FINISHED_PUT_MS, INTERRUPTED_PUT_MS, PUT_JOURNALS_MAX, PUT_SWEEP_MS } from './limits.ts'
import { unwrittenJournal, WrittenJournal, type PutJournal } from './putJournal.ts'

export interface PutJournalsDeps {
  readonly state: StateStore
  readonly clock: Clock
  readonly primitives: Primitives
  readonly random: Random
}

/** What an unfinished put goes by: its client's key for the content, and what else decides on the fragments. */
export interface PutName {
  readonly resumeKey: Uint8Array
  readonly survive: number
  readonly type: string
}

const HEAD_PREFIX = 'put/head/'
const PART_PREFIX = 'put/part/'
const NAME_LABEL = utf8('mainframe/put/1\0')
const HEAD_BYTES_MAX = 128
const TIME_MS_MAX = 2 ** 48
/** Deleted at once when a journal goes. */
const PARTS_PER_SWEEP = 500

const headSchema = record({
  version: uint(1),
  /** A journal that is going keeps its head, without its secret, until its last part is gone: no part is ever taken for another secret's. */
  phase: oneOf('interrupted', 'finished', 'going'),
  secret: bytesUpTo(KEY_BYTES),
  /** When the put last began, or finished. */
  sinceMs: uint(TIME_MS_MAX),
})

type Head = Omit<Parameters<typeof headSchema.toWire>[0], 'version'>

const GOING: Head = { phase: 'going', secret: new Uint8Array(0), sinceMs: 0 }

export class PutJournals {
  private readonly deps: PutJournalsDeps
  /** Puts, and journals that are being removed. */
  private readonly underWay = new Map<string, Promise<void>>()
  private loading: Promise<Map<string, Head>> | undefined
  private cancelSweep: (() => void) | undefined
  private closed = false

  constructor(deps: PutJournalsDeps) {
    this.deps = deps
  }

  /** Finds the journals of earlier runs. Every journal is removed when its time has come, until `close`. */
  start(): void {
    // A disk that cannot be read tells whoever puts.
    this.heads().then(
      (heads) => {
        if (heads.size > 0) this.sweepLater()
      },
      () => undefined,
    )
  }

  /** Waits until what is under way is written. */
  async close(): Promise<void> {
    this.closed = true
    this.cancelSweep?.()
    await Promise.all(this.underWay.values())
  }

  /**
   * The journal of this put, after any other put of the same name has ended. A node that cannot write puts all the same, without
   * a journal. Rejects when the signal is aborted.
   */
  async open(name: PutName, signal: AbortSignal): Promise<PutJournal> {
    const journal = this.nameOf(name)
    const leave = await this.enter(journal, signal)
    try {
      await this.sweep()
      return await this.opened(journal, leave)
    } catch (error) {
      leave()
      if (!isFailure(error, 'storage') && !isFailure(error, 'no-space')) throw error
      return unwrittenJournal(this.deps.random.bytes(KEY_BYTES))
    }
  }

  private nameOf({ resumeKey, survive, type }: PutName): string {
    const { primitives } = this.deps
    const terms = utf8(`${String(survive)}\0${type}\0`)
    return toHex(primitives.hash(NAME_LABEL, primitives.hash(resumeKey), terms))
  }

  private async enter(journal: string, signal: AbortSignal): Promise<() => void> {
    for (let other = this.underWay.get(journal); other !== undefined; other = this.underWay.get(journal)) {
      await orAborted(other, signal)
    }
    return this.take(journal)
  }

  private take(journal: string): () => void {
    const turn = deferred<void>()
    this.underWay.set(journal, turn.promise)
    return () => {
      if (this.underWay.get(journal) === turn.promise) this.underWay.delete(journal)
      turn.resolve()
    }
  }

  private async opened(journal: string, leave: () => void): Promise<PutJournal> {
    const known = (await this.heads()).get(journal)
    const current = known !== undefined && this.isCurrent(known) ? known : undefined
    if (known !== undefined && current === undefined) await this.remove(journal)
    const { phase, secret } = current ?? { phase: 'interrupted', secret: this.deps.random.bytes(KEY_BYTES) }
    // That a put had finished is kept: doing it again makes its secret live no longer.
    if (phase === 'interrupted')
      await this.write(journal, { phase, secret, sinceMs: Math.round(this.deps.clock.now()) })
    this.sweepLater()
    return new WrittenJournal({
      ...this.deps,
      secret,
      prefix: `${PART_PREFIX}${journal}/`,
      onClosed: (outcome) =>
        this.onClosed(journal, outcome)
          .catch(() => undefined)
          .finally(leave),
    })
  }

  private async onClosed(journal: string, outcome: 'interrupted' | 'finished' | 'changed'): Promise<void> {
    if (outcome === 'changed') await this.remove(journal)
    const head = (await this.heads()).get(journal)
    if (outcome !== 'finished' || head?.phase !== 'interrupted') return
    await this.write(journal, { ...head, phase: 'finished', sinceMs: Math.round(this.deps.clock.now()) })
  }

  /** Without journals there is no timer. */
  private sweepLater(): void {
    if (this.closed || this.cancelSweep !== undefined) return
    this.cancelSweep = this.deps.clock.after(PUT_SWEEP_MS, () => {
      this.cancelSweep = undefined
      void this.sweepAgain()
    })
  }

  private async sweepAgain(): Promise<void> {
    await this.sweep().catch(() => undefined)
    if ((await this.heads()).size > 0) this.sweepLater()
  }

  /** Removes what is too old, and the oldest of too many; never what is under way. */
  private async sweep(): Promise<void> {
    const heads = await this.heads()
    const idle = [...heads].filter(([journal]) => !this.underWay.has(journal))
    const old = idle.filter(([, head]) => !this.isCurrent(head))
    const current = idle.filter(([, head]) => this.isCurrent(head)).sort(([, a], [, b]) => a.sinceMs - b.sinceMs)
    const excess = current.slice(0, Math.max(0, heads.size - old.length - PUT_JOURNALS_MAX))
    await Promise.all([...old, ...excess].map(([journal]) => this.removeAlone(journal)))
  }

  private async removeAlone(journal: string): Promise<void> {
    const leave = this.take(journal)
    await this.remove(journal).finally(leave)
  }

  private isCurrent({ phase, sinceMs }: Head): boolean {
    const ageMs = this.deps.clock.now() - sinceMs
    return phase !== 'going' && ageMs <= (phase === 'finished' ? FINISHED_PUT_MS : INTERRUPTED_PUT_MS)
  }

  /** The secret first, the parts then, and their head last: a crash in between leaves what the next sweep goes on with. */
  private async remove(journal: string): Promise<void> {
    const { state } = this.deps
    await this.write(journal, GOING)
    const prefix = `${PART_PREFIX}${journal}/`
    for (;;) {
      const parts = await state.keys(prefix, PARTS_PER_SWEEP)
      if (parts.length === 0) break
      await Promise.all(parts.map((part) => state.delete(part)))
    }
    await state.delete(`${HEAD_PREFIX}${journal}`)
    ;(await this.heads()).delete(journal)
  }

  private async write(journal: string, head: Head): Promise<void> {
    await this.deps.state.put(`${HEAD_PREFIX}${journal}`, encodeAs(headSchema, { version: 1, ...head }))
    ;(await this.heads()).set(journal, head)
  }

  /** Every head on the disk, by the journal's name; read once. */
  private heads(): Promise<Map<string, Head>> {
    this.loading ??= this.load().catch((error: unknown) => {
      this.loading = undefined
      throw error
    })
    return this.loading
  }

  private async load(): Promise<Map<string, Head>> {
    const { state } = this.deps
    const heads = new Map<string, Head>()
    for (const key of await state.keys(HEAD_PREFIX, 2 * PUT_JOURNALS_MAX)) {
      const decoded = decodeAs(headSchema, (await state.get(key)) ?? new Uint8Array(0), HEAD_BYTES_MAX)
      const isWhole = decoded.ok && (decoded.value.phase === 'going' || decoded.value.secret.length === KEY_BYTES)
      heads.set(key.slice(HEAD_PREFIX.length), isWhole ? decoded.value : GOING)
    }
    return heads
  }
}
