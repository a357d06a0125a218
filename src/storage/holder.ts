/**
 * A node as a holder: keeps fragments that belong to its regions and prove themselves, says what it has, shows it, gives it back, and
 * keeps it for as long as it is asked to. Absent on purpose: keys and objects. A holder cannot tell what it keeps, nor whose it is.
 */
import { EMPTY, equal, type Bytes } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { decodeHeader, encodeHeader, stripeId, verifyFragment } from '../coding/stripe.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { Signer } from '../crypto/signer.ts'
import { passOver } from '../overlay/liveness.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { Clock } from '../ports/clock.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { HeldStripe, Lease, StoredFragment } from '../ports/fragmentStore.ts'
import type { Network, Peer } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import { BODY_BYTES_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import type { Admission } from './admission.ts'
import type { Expiry } from './expiry.ts'
import { domainOfHost } from './failureDomain.ts'
import { ADMISSION_SIZE, LEASE_MS_MAX, PROVES_AT_ONCE } from './limits.ts'
import { regionCount } from './placeStripe.ts'
import { proveStripes, type Challenge } from './proof.ts'
import { jointReceiptMessage, receiptMessage, type Kept } from './receipt.ts'
import { isReleaseSigned, ownerTag, type Release } from './release.ts'
import type { Scrub } from './scrub.ts'
import { bytesOf, commonestOwner, earliestExpiryMs, type Shelf } from './shelf.ts'

/** Whoever wants to know what a holder does. */
export interface HolderEvents {
  /** Fragments of a stripe of `total` were taken in. */
  onKept(stripe: StripeId, total: number): void
  /** Somebody looks after a stripe that this node may keep. */
  onChecked(stripe: StripeId, from: NodeId): void
}

export interface HolderDeps {
  readonly clock: Clock
  readonly primitives: Primitives
  readonly shelf: Shelf
  readonly admission: Admission
  readonly expiry: Expiry
  readonly scrub: Pick<Scrub, 'check'>
  readonly signer: Signer
  readonly overlay: Overlay
  readonly events: HolderEvents
}

export class Holder {
  private readonly deps: HolderDeps
  private refusal: { readonly failure: Failure; readonly bytes: number } | undefined
  private proving = 0
  private isLeaving = false

  constructor(deps: HolderDeps) {
    this.deps = deps
  }

  /** `ok`, or why the store takes nothing now, as it said when it was last asked to take as much. */
  get storeState(): string {
    return this.refusal === undefined ? 'ok' : `${this.refusal.failure.code}: ${this.refusal.failure.message}`
  }

  /** Answers other nodes. Call before the network starts. */
  serve(network: Network<Messages>): void {
    network.serve('have', (request, from) => {
      if (request.purpose === 'check') for (const stripe of request.stripes) this.deps.events.onChecked(stripe, from.id)
      return this.have(request.stripes)
    })
    network.serve('store', (request, from) => this.store(request, from))
    network.serve('storeAll', (request, from) => this.storeAll(request, from))
    network.serve('fetch', ({ stripe, indices }) => this.fetch(stripe, indices))
    network.serve('renew', ({ stripes, leaseMs }) => this.renew(stripes, leaseMs))
    network.serve('prove', ({ challenges }, from, signal) => this.prove(challenges, from, signal))
    network.serve('release', (request) => this.release(request))
  }

  /** Takes nothing in any more: what is kept is being handed to others. */
  leave(): void {
    this.isLeaving = true
  }

  private async have(stripes: readonly StripeId[]): Promise<Messages['have']['reply']> {
    const held = await Promise.all(stripes.map((stripe) => this.deps.shelf.held(stripe)))
    return { holdings: held.map(holdingOf) }
  }

  private async store(request: Messages['store']['request'], from: Peer): Promise<Messages['store']['reply']> {
    const { signer } = this.deps
    const { expiresMs, ...kept } = await this.take(this.readOffer(request, request.body ?? []), from)
    const message = receiptMessage({ ...kept, sender: from.id, expiresMs })
    return { expiresMs, publicKey: signer.publicKey, signature: signer.sign(message) }
  }

  /** Refused as a whole when one offer is: who sent them then learns which, by sending each alone. */
  private async storeAll(
    { offers, body = [] }: Messages['storeAll']['request'],
    from: Peer,
  ): Promise<Messages['storeAll']['reply']> {
    const { signer } = this.deps
    let at = 0
    const read = offers.map((offer) => this.readOffer(offer, body.slice(at, (at += offer.fragments.length))))
    if (at !== body.length) throw new Failure('invalid', 'one body part per fragment is needed')
    const taking = read.map((offer) => this.take(offer, from))
    // What else was taken is on the disk before the refusal leaves: a sender that hears it has nothing under way here.
    await Promise.allSettled(taking)
    const kept = await Promise.all(taking)
    const expiresMs = kept.map((each) => each.expiresMs)
    const message = jointReceiptMessage(from.id, kept, expiresMs)
    return { expiresMs, publicKey: signer.publicKey, signature: signer.sign(message) }
  }

  /** Says what is on the disk now, and until when. */
  private async take(offer: Offer, from: Peer): Promise<Kept & { readonly expiresMs: number }> {
    if (this.isLeaving) throw new Failure('refused', 'this node is leaving for good and takes nothing in')
    const { stripe, fragments, owner } = offer
    const expiresMs = this.expiryMs(offer.leaseMs)
    await this.admit(offer, from, async () => {
      this.refuseUnproven(offer)
      return this.keep(offer, { expiresMs, sender: from.id, owner })
    })
    const [first] = fragments
    if (first !== undefined) this.deps.events.onKept(stripe, first.header.total)
    return { stripe, indices: fragments.map(({ index }) => index), expiresMs }
  }

  /** Does the work, which gives by how many bytes the store has grown, if the sender may have as much here. */
  private async admit({ stripe, fragments }: Offer, from: Peer, work: () => Promise<number>): Promise<void> {
    const { admission, clock, shelf } = this.deps
    const askedBytes = bytesOf(fragments)
    const sender = { id: from.id, subnet: from.host === '' ? from.id : domainOfHost(from.host) }
    const refusal = admission.ask(sender, askedBytes, { ms: clock.now(), usedBytes: shelf.usedBytes })
    if (refusal !== undefined) throw refusal
    let grownBytes = 0
    try {
      grownBytes = await work()
    } finally {
      admission.onSettled(from.id, stripe, { askedBytes, grownBytes })
    }
  }

  private async keep(offer: Offer, lease: Lease): Promise<number> {
    const bytes = bytesOf(offer.fragments)
    try {
      const grownBytes = await this.keepInRoom(offer, lease)
      // Where a megabyte is refused a kilobyte may still fit.
      if (this.refusal !== undefined && bytes >= this.refusal.bytes) this.refusal = undefined
      return grownBytes
    } catch (error) {
      const smallest = Math.min(bytes, this.refusal?.bytes ?? bytes)
      if (isFailure(error)) this.refusal = { failure: error, bytes: smallest }
      throw error
    }
  }

  private async keepInRoom({ stripe, fragments }: Offer, lease: Lease): Promise<number> {
    const { shelf, expiry } = this.deps
    expiry.onKept(lease.expiresMs)
    try {
      return await shelf.keep(stripe, fragments, lease)
    } catch (error) {
      if (!isFailure(error, 'no-space') || !(await expiry.evict(bytesOf(fragments)))) throw error
      return shelf.keep(stripe, fragments, lease)
    }
  }

  /** The fragments sent, as parts of a stripe that belongs here. */
  private readOffer(request: Messages['store']['request'], parts: readonly Uint8Array[]): Offer {
    const header = decodeHeader(request.header)
    if (!header.ok) throw new Failure('invalid', `the stripe's header is malformed: ${header.error}`)
    if (parts.length !== request.fragments.length) throw new Failure('invalid', 'one body part per fragment is needed')
    const stripe = stripeId(this.deps.primitives, header.value)
    this.refuseFar(stripe, header.value, request.region)
    const fragments = request.fragments.map(({ index, proof }, at) => {
      return { stripe, header: header.value, index, proof, data: (parts[at] ?? EMPTY) as Bytes }
    })
    return { stripe, fragments, leaseMs: request.leaseMs, owner: request.owner }
  }

  /** Hashed only once the sender is admitted. */
  private refuseUnproven({ stripe, fragments }: Offer): void {
    for (const fragment of fragments) {
      const verified = verifyFragment(this.deps.primitives, stripe, fragment)
      if (verified.ok) continue
      const which = `fragment ${String(fragment.index)}`
      throw new Failure('damaged', `${which} does not prove itself: ${verified.error}`)
    }
  }

  /** Far regions are somebody else's: readers would not look for them here. */
  private refuseFar(stripe: StripeId, { total }: StripeHeader, region: number): void {
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
      const fragment = await this.sound(stripe, index)
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

  /** Undefined when it is not held, and when the disk has damaged it: then it is dropped, so that nobody counts on it and it is rebuilt. */
  private async sound(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    const { primitives, shelf, scrub } = this.deps
    const fragment = await shelf.get(stripe, index)
    if (fragment === undefined || verifyFragment(primitives, stripe, fragment).ok) return fragment
    // A disk that cannot even delete leaves it where it is; it is given to nobody all the same.
    await scrub.check(stripe, index).catch(passOver)
    return undefined
  }

  /** Anyone may: that he knows the stripe's id shows that he was given a link. */
  private async renew(stripes: readonly StripeId[], leaseMs: number): Promise<Messages['renew']['reply']> {
    const expiresMs = this.expiryMs(leaseMs)
    return { expiresMs: await Promise.all(stripes.map((stripe) => this.deps.shelf.renew(stripe, expiresMs))) }
  }

  private async prove(
    challenges: readonly Challenge[],
    from: Peer,
    signal: AbortSignal,
  ): Promise<Messages['prove']['reply']> {
    const { clock, shelf, events } = this.deps
    for (const { stripe } of challenges) events.onChecked(stripe, from.id)
    if (this.proving >= PROVES_AT_ONCE) throw new Failure('busy', 'proving for others already; ask again later')
    this.proving++
    try {
      const fragments = {
        get: (stripe: StripeId, index: number) => this.sound(stripe, index),
        held: (stripe: StripeId) => shelf.held(stripe),
      }
      const proofs = await proveStripes({ clock, fragments }, challenges, signal)
      return { holdings: proofs.map(({ held }) => holdingOf(held)), body: proofs.map(({ slices }) => slices) }
    } finally {
      this.proving--
    }
  }

  private async release(request: Release): Promise<Messages['release']['reply']> {
    const { primitives, shelf } = this.deps
    if (!isReleaseSigned(primitives, request)) {
      throw new Failure('refused', 'the release is not signed by its key; sign exactly the stripes of the request')
    }
    const owner = ownerTag(primitives, request.publicKey)
    const dropped = await Promise.all(
      [...new Set(request.stripes)].map((stripe) =>
        shelf.drop(stripe, ({ lease }) => lease.owner !== undefined && equal(lease.owner, owner)),
      ),
    )
    return { fragments: dropped.reduce((sum, { length }) => sum + length, 0) }
  }

  private expiryMs(leaseMs: number): number {
    return Math.floor(this.deps.clock.now() + Math.min(leaseMs, LEASE_MS_MAX))
  }
}

interface Offer {
  readonly stripe: StripeId
  readonly fragments: readonly StoredFragment[]
  readonly leaseMs: number
  readonly owner: Bytes | undefined
}

function holdingOf(held: HeldStripe | undefined): Messages['have']['reply']['holdings'][number] {
  if (held === undefined) return undefined
  const { header, fragments } = held
  return {
    header: encodeHeader(header),
    indices: Uint8Array.from(fragments, ({ index }) => index),
    expiresMs: earliestExpiryMs(fragments),
    owner: commonestOwner(fragments),
  }
}
