/** Reading one stripe, or some bytes of it: find holders, fetch, verify every fragment, decode only when data is missing. */
import { assert, present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { deferred, linkedController, orAborted } from '../base/signals.ts'
import { decodeHeader, fragmentBytes, verifyFragment } from '../coding/stripe.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coder, DecodeJob, StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import type { Holding } from './holdings.ts'
import { BUSY_MS, FETCH_BYTES, FETCH_MS } from './limits.ts'
import { locateStripe, type Evidence, type LocateDeps } from './locate.ts'
import type { ReadLedger } from './readLedger.ts'
import { ReadPlan } from './readPlan.ts'

export interface ReadDeps extends LocateDeps {
  readonly clock: Clock
  readonly network: Network<Messages>
  readonly coder: Coder
  readonly ledger: ReadLedger
}

/** Bytes of the enciphered segment from `offset` on, in order and without gaps. */
export interface CipherRun {
  readonly offset: number
  readonly chunks: readonly Bytes[]
}

/** First and last byte within the segment; the whole segment when absent. Ends beyond the segment are cut. */
export interface SegmentRange {
  readonly start: number
  readonly end: number
}

/**
 * The enciphered bytes that cover the range, fragment-aligned, every one verified. Fails with `not-found`, `unreachable`,
 * `damaged`, or the signal's failure; the details carry the evidence.
 */
export async function readStripe(
  deps: ReadDeps,
  stripe: StripeId,
  options: { readonly range?: SegmentRange; readonly signal: AbortSignal },
): Promise<CipherRun> {
  const { range, signal } = options
  return within(signal, (ending) => new StripeRead(deps, stripe, range, ending).cipherRun())
}

/** Fragments enough to rebuild the stripe from, every one verified. Fails as readStripe does. */
export async function gatherStripe(deps: ReadDeps, stripe: StripeId, signal: AbortSignal): Promise<DecodeJob> {
  return within(signal, (ending) => new StripeRead(deps, stripe, undefined, ending).decodeJob())
}

/** Ends what `read` has begun when it settles or the signal is aborted. */
async function within<T>(signal: AbortSignal, read: (ending: AbortSignal) => Promise<T>): Promise<T> {
  const controller = linkedController(signal)
  try {
    return await orAborted(read(controller.signal), controller.signal)
  } finally {
    controller.abort(new Failure('aborted', 'the stripe has been read'))
    controller.release()
  }
}

class StripeRead {
  private readonly deps: ReadDeps
  private readonly stripe: StripeId
  private readonly range: SegmentRange | undefined
  private readonly signal: AbortSignal
  private readonly fragments = new Map<number, Bytes>()
  private plan: ReadPlan | undefined
  private header: StripeHeader | undefined
  private wanted: readonly number[] = []
  private dataRoot: Bytes | undefined
  private damagedCount = 0
  /** Fragments that liars offered and that count for nothing now. */
  private lostToLiars = 0
  private evidence: Evidence | undefined
  private locateError: unknown
  private news = deferred<void>()

  constructor(deps: ReadDeps, stripe: StripeId, range: SegmentRange | undefined, signal: AbortSignal) {
    this.deps = deps
    this.stripe = stripe
    this.range = range
    this.signal = signal
  }

  async cipherRun(): Promise<CipherRun> {
    return (await this.fetchEnough()) === 'direct' ? this.direct() : this.decode()
  }

  async decodeJob(): Promise<DecodeJob> {
    await this.fetchEnough()
    return this.job()
  }

  private async fetchEnough(): Promise<'direct' | 'decode'> {
    this.signal.addEventListener('abort', () => this.news.resolve(), { once: true })
    void this.locate()
    for (;;) {
      if (this.signal.aborted) throw abortFailure(this.signal)
      if (this.locateError !== undefined) throw this.locateError as Error
      const step = this.plan?.next(this.deps.clock.now())
      if (step?.kind === 'done') return step.how
      if (step?.kind === 'short') throw this.failure()
      if (step?.kind === 'fetch') {
        void this.fetch(step.contact, step.indices)
        continue
      }
      if (step === undefined && this.evidence !== undefined) throw this.failure()
      await this.waitForNews(step?.untilMs)
    }
  }

  private async locate(): Promise<void> {
    try {
      this.evidence = await locateStripe(this.deps, this.stripe, {
        signal: this.signal,
        onHolding: (contact, holding) => {
          this.onHolding(contact, holding)
        },
        enough: () => this.fragments.size > 0 && this.header?.needed === 1,
      })
      this.plan?.onLocated()
    } catch (error) {
      this.locateError = error
    }
    this.news.resolve()
  }

  private onHolding(contact: Contact, holding: Holding): void {
    if (this.plan === undefined) this.begin(holding.header)
    this.plan?.onHolding(contact, holding.indices, { isDoubted: this.deps.ledger.isLiar(contact.id) })
    this.news.resolve()
  }

  private begin(header: StripeHeader): void {
    const bytes = fragmentBytes(header)
    const last = Math.max(0, Math.min(this.range?.end ?? Number.MAX_SAFE_INTEGER, header.segmentBytes - 1))
    const first = Math.min(this.range?.start ?? 0, last)
    const from = Math.floor(first / bytes)
    this.header = header
    this.wanted = Array.from({ length: Math.floor(last / bytes) - from + 1 }, (_, at) => from + at)
    this.plan = new ReadPlan({
      needed: header.needed,
      wanted: this.wanted,
      fragmentsPerFetch: Math.max(1, Math.floor(FETCH_BYTES / bytes)),
    })
  }

  private async fetch(contact: Contact, indices: readonly number[]): Promise<void> {
    const startedMs = this.deps.clock.now()
    try {
      const request = { stripe: this.stripe, indices: Uint8Array.from(indices) }
      const options = { timeoutMs: FETCH_MS, signal: this.signal }
      const reply = await this.deps.network.request(contact, 'fetch', request, options)
      this.accept(contact, reply)
    } catch (error) {
      if (this.signal.aborted) return
      if (isFailure(error, 'busy')) return this.onBusy(contact, indices)
      this.plan?.exclude(contact.id)
      this.deps.overlay.onRequestFailed(contact, error)
    }
    this.plan?.onFetchEnded(contact, indices, this.deps.clock.now() - startedMs)
    this.news.resolve()
  }

  private async onBusy(contact: Contact, indices: readonly number[]): Promise<void> {
    await this.deps.clock.sleep(BUSY_MS, this.signal).catch(() => undefined)
    this.plan?.onBusy(contact, indices)
    this.news.resolve()
  }

  private accept(contact: Contact, reply: Messages['fetch']['reply']): void {
    const header = reply.header === undefined ? undefined : decodeHeader(reply.header)
    for (const [at, { index, proof }] of reply.fragments.entries()) {
      const data = reply.body?.[at]
      if (header?.ok !== true || data === undefined) {
        this.onDamaged(contact.id)
        return
      }
      const fragment = { header: header.value, index, proof, data }
      const verified = verifyFragment(this.deps.primitives, this.stripe, fragment)
      if (!verified.ok) {
        this.onDamaged(contact.id)
        return
      }
      this.deps.ledger.onVerified()
      this.dataRoot = verified.value.dataRoot
      this.fragments.set(index, data as Bytes)
      this.plan?.onFragment(index)
    }
  }

  private onDamaged(liar: NodeId): void {
    this.damagedCount++
    this.deps.ledger.onDamaged(liar)
    this.lostToLiars += this.plan?.exclude(liar) ?? 0
  }

  private direct(): CipherRun {
    const header = present(this.header, 'a plan has a header')
    const bytes = fragmentBytes(header)
    const first = present(this.wanted[0], 'something is wanted')
    const chunks = this.wanted.map((index) => {
      const data = present(this.fragments.get(index), 'the plan has every wanted fragment')
      return data.subarray(0, Math.max(0, header.segmentBytes - index * bytes))
    })
    return { offset: first * bytes, chunks }
  }

  private job(): DecodeJob {
    const header = present(this.header, 'a plan has a header')
    const dataRoot = present(this.dataRoot, 'verified fragments prove the data root')
    const fragments = [...this.fragments].slice(0, header.needed).map(([index, data]) => ({ index, data }))
    assert(fragments.length === header.needed, 'the plan has as many fragments as are needed')
    return { header, fragments, dataRoot }
  }

  private async decode(): Promise<CipherRun> {
    this.deps.ledger.onDecoded()
    return { offset: 0, chunks: [await this.deps.coder.decode(this.job())] }
  }

  private async waitForNews(untilMs: number | undefined): Promise<void> {
    const news = this.news
    const cancel =
      untilMs === undefined
        ? undefined
        : this.deps.clock.after(Math.max(0, untilMs - this.deps.clock.now()), () => {
            news.resolve()
          })
    await news.promise
    cancel?.()
    this.news = deferred<void>()
  }

  private failure(): Failure {
    const evidence = this.evidence ?? { responsible: 0, answeredNo: 0, answeredYes: 0, silent: 0 }
    const needed = this.header?.needed
    const details = { ...evidence, needed, alive: this.plan?.offeredCount ?? 0, damaged: this.damagedCount }
    if (needed === undefined) return absence(evidence, details)
    if (this.damagedCount > 0 && details.alive + this.lostToLiars >= needed) {
      return new Failure(
        'damaged',
        `${String(this.damagedCount)} nodes gave damaged fragments; ${String(details.alive)} sound ones are left of the ${String(needed)} needed`,
        { details },
      )
    }
    return new Failure(
      'unreachable',
      `only ${String(details.alive)} of the ${String(needed)} fragments needed can be reached now; try again when more nodes are up`,
      { details },
    )
  }
}

/** Nobody had anything: absent when most of those responsible say so, unreachable when most of them are silent. */
function absence(evidence: Evidence, details: Readonly<Record<string, unknown>>): Failure {
  const { answeredNo, responsible, silent } = evidence
  const counts = `${String(answeredNo)} of ${String(responsible)} responsible nodes answered that they do not have it`
  if (answeredNo > silent) return new Failure('not-found', `nothing is stored under this link: ${counts}`, { details })
  return new Failure('unreachable', `too few nodes answered: ${counts}, ${String(silent)} were silent`, { details })
}
