/** Asking nodes which fragments of which stripes they hold, with questions to one node travelling together. */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import { decodeHeader, stripeId } from '../coding/stripe.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import { HAVE_STRIPES_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import { Gathering } from './gathering.ts'
import { HAVE_MS } from './limits.ts'

export interface Holding {
  readonly header: StripeHeader
  /** Distinct and below `total`. */
  readonly indices: readonly number[]
  readonly expiresMs: number
  /** Whose word ends the lease early (release.ts). */
  readonly owner: Bytes | undefined
}

export interface HoldingsDeps {
  readonly network: Network<Messages>
  readonly overlay: Overlay
  readonly primitives: Primitives
}

export class Holdings {
  private readonly deps: HoldingsDeps
  private readonly purpose: Messages['have']['request']['purpose']
  private readonly gathering = new Gathering(HAVE_STRIPES_MAX, this.send.bind(this))

  /** `check` for whoever looks after stripes: others that would do the same then rest. */
  constructor(deps: HoldingsDeps, purpose: Messages['have']['request']['purpose'] = 'read') {
    this.deps = deps
    this.purpose = purpose
  }

  /** Undefined when the node answers that it has none. Rejects as a request does. */
  ask(contact: Contact, stripe: StripeId): Promise<Holding | undefined> {
    return this.gathering.ask(contact, stripe)
  }

  private async send(contact: Contact, stripes: readonly StripeId[]): Promise<readonly (Holding | undefined)[]> {
    const { network, overlay, primitives } = this.deps
    const { purpose } = this
    try {
      const { holdings } = await network.request(contact, 'have', { stripes, purpose }, { timeoutMs: HAVE_MS })
      return stripes.map((stripe, at) => readHolding(primitives, stripe, holdings[at]))
    } catch (error) {
      overlay.onRequestFailed(contact, error)
      throw error
    }
  }
}

/** A header that is not the stripe's own, or indices outside it, count as having none. */
export function readHolding(
  primitives: Primitives,
  stripe: StripeId,
  raw: Messages['have']['reply']['holdings'][number] | undefined,
): Holding | undefined {
  if (raw === undefined) return undefined
  const header = decodeHeader(raw.header)
  if (!header.ok || stripeId(primitives, header.value) !== stripe) return undefined
  const { total } = header.value
  const indices = [...new Set(raw.indices)].filter((index) => index < total)
  return { header: header.value, indices, expiresMs: raw.expiresMs, owner: raw.owner }
}
