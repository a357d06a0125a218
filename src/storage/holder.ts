/**
 * A node as a holder: keeps fragments that belong to its regions and prove themselves, says what it has, gives it back.
 * Absent on purpose: keys, objects, owners. A holder cannot tell what it keeps.
 */
import { EMPTY, type Bytes } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { decodeHeader, encodeHeader, stripeId, verifyFragment } from '../coding/stripe.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { Signer } from '../crypto/signer.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { Clock } from '../ports/clock.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { FragmentStore, Lease, StoredFragment } from '../ports/fragmentStore.ts'
import type { Network, Peer } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import { BODY_BYTES_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import { ADMISSION_SIZE, LEASE_MS_MAX } from './limits.ts'
import { regionCount } from './placeStripe.ts'
import { receiptMessage } from './receipt.ts'

export interface HolderDeps {
  readonly clock: Clock
  readonly primitives: Primitives
  readonly fragments: FragmentStore
  readonly signer: Signer
  readonly overlay: Overlay
}

export class Holder {
  private readonly deps: HolderDeps
  private lastStoreFailure: Failure | undefined

  constructor(deps: HolderDeps) {
    this.deps = deps
  }

  /** `ok`, or why the store takes nothing now, as it said when it was last asked to. */
  get storeState(): string {
    return this.lastStoreFailure === undefined
      ? 'ok'
      : `${this.lastStoreFailure.code}: ${this.lastStoreFailure.message}`
  }

  /** Answers other nodes. Call before the network starts. */
  serve(network: Network<Messages>): void {
    network.serve('have', ({ stripes }) => this.have(stripes))
    network.serve('store', (request, from) => this.store(request, from))
    network.serve('fetch', ({ stripe, indices }) => this.fetch(stripe, indices))
  }

  private async have(stripes: readonly StripeId[]): Promise<Messages['have']['reply']> {
    const holdings = await Promise.all(
      stripes.map(async (stripe) => {
        const held = await this.deps.fragments.held(stripe)
        if (held === undefined) return undefined
        return { header: encodeHeader(held.header), indices: Uint8Array.from(held.indices) }
      }),
    )
    return { holdings }
  }

  private async store(request: Messages['store']['request'], from: Peer): Promise<Messages['store']['reply']> {
    const { clock, signer } = this.deps
    const offered = this.readOffer(request)
    const expiresMs = Math.floor(clock.now() + Math.min(request.leaseMs, LEASE_MS_MAX))
    await this.keep(offered.fragments, { expiresMs, sender: from.id })
    const indices = offered.fragments.map((fragment) => fragment.index)
    const message = receiptMessage({ stripe: offered.stripe, sender: from.id, expiresMs, indices })
    return { expiresMs, publicKey: signer.publicKey, signature: signer.sign(message) }
  }

  private async keep(offered: readonly StoredFragment[], lease: Lease): Promise<void> {
    try {
      await this.deps.fragments.put(offered, lease)
      this.lastStoreFailure = undefined
    } catch (error) {
      if (isFailure(error)) this.lastStoreFailure = error
      throw error
    }
  }

  /** The fragments sent, each of which has proven that it belongs to the stripe. Hashed only once the stripe is admitted. */
  private readOffer(request: Messages['store']['request']): {
    readonly stripe: StripeId
    readonly fragments: readonly StoredFragment[]
  } {
    const header = decodeHeader(request.header)
    if (!header.ok) throw new Failure('invalid', `the stripe's header is malformed: ${header.error}`)
    const parts = request.body ?? []
    if (parts.length !== request.fragments.length) throw new Failure('invalid', 'one body part per fragment is needed')
    const stripe = stripeId(this.deps.primitives, header.value)
    this.admit(stripe, header.value, request.region)
    const fragments = request.fragments.map(({ index, proof }, at) => {
      const fragment = { stripe, header: header.value, index, proof, data: (parts[at] ?? EMPTY) as Bytes }
      const verified = verifyFragment(this.deps.primitives, stripe, fragment)
      if (!verified.ok)
        throw new Failure('damaged', `fragment ${String(index)} does not prove itself: ${verified.error}`)
      return fragment
    })
    return { stripe, fragments }
  }

  /** Far regions are somebody else's: readers would not look for them here. */
  private admit(stripe: StripeId, { total }: StripeHeader, region: number): void {
    if (region >= regionCount(total)) throw new Failure('invalid', 'the stripe has no such region')
    const point = regionPoint(this.deps.primitives, stripe, region)
    if (!this.deps.overlay.isAmongNearest(point, ADMISSION_SIZE)) {
      throw new Failure('refused', 'this node is not in that region of the stripe')
    }
  }

  private async fetch(stripe: StripeId, indices: Uint8Array): Promise<Messages['fetch']['reply']> {
    const found: StoredFragment[] = []
    let bytes = 0
    for (const index of new Set(indices)) {
      const fragment = await this.deps.fragments.get(stripe, index)
      if (fragment === undefined) continue
      bytes += fragment.data.length
      if (bytes > BODY_BYTES_MAX) break
      found.push(fragment)
    }
    const [first] = found
    return {
      header: first === undefined ? undefined : encodeHeader(first.header),
      fragments: found.map(({ index, proof }) => ({ index, proof })),
      body: found.map((fragment) => fragment.data),
    }
  }
}
