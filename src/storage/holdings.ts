/**
 * Asking nodes what they hold. Questions to one node that arise together travel in one message, so that looking for eight
 * segments costs as many requests as looking for one.
 */
import { deferred, type Deferred } from '../base/signals.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { decodeHeader, stripeId } from '../coding/stripe.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import { HAVE_STRIPES_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import { HAVE_MS } from './limits.ts'

export interface Holding {
  readonly header: StripeHeader
  readonly indices: readonly number[]
}

export interface HoldingsDeps {
  readonly network: Network<Messages>
  readonly overlay: Overlay
  readonly primitives: Primitives
}

interface Question extends Deferred<Holding | undefined> {
  readonly stripe: StripeId
}

export class Holdings {
  private readonly deps: HoldingsDeps
  private readonly gathering = new Map<NodeId, Question[]>()

  constructor(deps: HoldingsDeps) {
    this.deps = deps
  }

  /** Undefined when the node answers that it has none. Rejects as a request does. */
  ask(contact: Contact, stripe: StripeId): Promise<Holding | undefined> {
    const question: Question = { ...deferred<Holding | undefined>(), stripe }
    const gathered = this.gathering.get(contact.id)
    if (gathered !== undefined && gathered.length < HAVE_STRIPES_MAX) {
      gathered.push(question)
      return question.promise
    }
    const questions = [question]
    this.gathering.set(contact.id, questions)
    void this.send(contact, questions)
    return question.promise
  }

  private async send(contact: Contact, questions: readonly Question[]): Promise<void> {
    // One turn of the promise queue lets the questions of the same moment gather.
    await Promise.resolve()
    if (this.gathering.get(contact.id) === questions) this.gathering.delete(contact.id)
    try {
      const stripes = questions.map((question) => question.stripe)
      const { holdings } = await this.deps.network.request(contact, 'have', { stripes }, { timeoutMs: HAVE_MS })
      for (const [at, question] of questions.entries()) question.resolve(this.read(question.stripe, holdings[at]))
    } catch (error) {
      this.deps.overlay.onRequestFailed(contact, error)
      for (const question of questions) question.reject(error)
    }
  }

  /** A header that is not the stripe's own, or indices outside it, count as having none. */
  private read(stripe: StripeId, raw: Messages['have']['reply']['holdings'][number] | undefined): Holding | undefined {
    if (raw === undefined) return undefined
    const header = decodeHeader(raw.header)
    if (!header.ok || stripeId(this.deps.primitives, header.value) !== stripe) return undefined
    const { total } = header.value
    return { header: header.value, indices: [...new Set(raw.indices)].filter((index) => index < total) }
  }
}
