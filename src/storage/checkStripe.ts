/**
 * One look at a stripe: everybody who may keep fragments of it is asked for some bytes of each, and what belongs together counts. Tells a
 * census what was shown.
 */
import { equal, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { IndexedFragment, StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Random } from '../ports/random.ts'
import type { Census } from './census.ts'
import { regionCount } from './placeStripe.ts'
import { challengedSlice } from './proof.ts'
import type { ProvenHolding, Proofs } from './proofs.ts'
import { gatherStripe, type ReadDeps } from './readStripe.ts'

export interface CheckDeps extends ReadDeps {
  readonly random: Random
  readonly proofs: Proofs
}

export interface CheckOptions {
  /** Whether regions are looked up anew; what others have heard of them will do otherwise. */
  readonly isThorough: boolean
  readonly signal: AbortSignal
}

/** Ends the census's round. Rejects only when the signal is aborted. */
export async function checkStripe(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
): Promise<void> {
  const check = new Check(deps, stripe, census.header)
  await check.ask([deps.network.self, ...census.holders])
  if (check.isIncomplete) await check.ask(await membersOf(deps, stripe, census.header, options))
  for (const { contact, holding, indices } of await check.verdict(options.signal)) {
    census.onShown(contact, { indices, expiresMs: holding.expiresMs, owner: holding.owner })
  }
  census.endRound(deps.clock.now())
}

async function membersOf(
  deps: CheckDeps,
  stripe: StripeId,
  { total }: StripeHeader,
  { isThorough, signal }: CheckOptions,
): Promise<readonly Contact[]> {
  const points = Array.from({ length: regionCount(total) }, (_, region) => regionPoint(deps.primitives, stripe, region))
  const regions = await deps.overlay.regions(points, { hearsay: !isThorough, signal })
  return regions.flatMap(({ members }) => members)
}

interface Answer {
  readonly contact: Contact
  readonly holding: ProvenHolding
}

interface Verdict extends Answer {
  /** Those of its fragments whose bytes are right. */
  readonly indices: readonly number[]
}

class Check {
  private readonly deps: CheckDeps
  private readonly stripe: StripeId
  private readonly header: StripeHeader
  private readonly nonce: number
  private readonly asked = new Set<NodeId>()
  private readonly answers: Answer[] = []

  constructor(deps: CheckDeps, stripe: StripeId, header: StripeHeader) {
    this.deps = deps
    this.stripe = stripe
    this.header = header
    this.nonce = deps.random.integer(2 ** 32)
  }

  /** Nobody has shown some of the fragments yet. */
  get isIncomplete(): boolean {
    return new Set(this.answers.flatMap(({ holding }) => holding.indices)).size < this.header.total
  }

  async ask(contacts: readonly Contact[]): Promise<void> {
    const strangers = contacts.filter(({ id }) => !this.asked.has(id) && this.asked.add(id))
    await Promise.all(strangers.map((contact) => this.askOne(contact)))
  }

  /** What everybody has shown, without what contradicts the rest. */
  async verdict(signal: AbortSignal): Promise<readonly Verdict[]> {
    const truth = await this.truth(signal)
    return this.answers.map((answer) => {
      const { contact, holding } = answer
      const indices = holding.indices.filter((index, at) => truth(index, holding.slices[at]))
      if (indices.length < holding.indices.length) this.deps.ledger.onDamaged(contact.id)
      return { contact, holding, indices }
    })
  }

  private async askOne(contact: Contact): Promise<void> {
    try {
      const holding = await this.deps.proofs.ask(contact, { stripe: this.stripe, nonce: this.nonce })
      if (holding !== undefined) this.answers.push({ contact, holding })
    } catch (error) {
      // Whoever is silent, refuses or talks nonsense has shown nothing.
      if (!isFailure(error)) throw error
    }
  }

  /** Says of a slice whether it is right: by the others, and where that does not tell, by reading the stripe. */
  private async truth(signal: AbortSignal): Promise<(index: number, slice: Bytes | undefined) => boolean> {
    const slices = this.firstSlices()
    if (slices.length <= this.header.needed) return () => true
    const agreeing = await this.deps.coder.agreeing({ needed: this.header.needed, slices })
    const right = agreeing === undefined ? await this.readSlices(signal) : only(slices, new Set(agreeing))
    return (index, slice) => {
      const expected = right.get(index)
      return expected !== undefined && slice !== undefined && equal(expected, slice)
    }
  }

  /** One slice of each fragment: this node's own before those of others, and those of known liars last. */
  private firstSlices(): readonly IndexedFragment[] {
    const trust = ({ contact }: Answer): number =>
      contact.id === this.deps.network.self.id ? 0 : this.deps.ledger.isLiar(contact.id) ? 2 : 1
    const slices = new Map<number, IndexedFragment>()
    for (const { holding } of [...this.answers].sort((a, b) => trust(a) - trust(b))) {
      for (const [at, index] of holding.indices.entries()) {
        const data = holding.slices[at]
        if (data !== undefined && !slices.has(index)) slices.set(index, { index, data })
      }
    }
    return [...slices.values()]
  }

  private async readSlices(signal: AbortSignal): Promise<ReadonlyMap<number, Bytes>> {
    const rebuilt = await this.deps.coder.rebuild(await gatherStripe(this.deps, this.stripe, signal))
    return new Map(rebuilt.fragments.map((fragment, index) => [index, challengedSlice(fragment, this.nonce)]))
  }
}

function only(slices: readonly IndexedFragment[], indices: ReadonlySet<number>): ReadonlyMap<number, Bytes> {
  return new Map(slices.filter(({ index }) => indices.has(index)).map(({ index, data }) => [index, data as Bytes]))
}
