/**
 * One look at a stripe: everybody who may keep fragments of it says what he has, and in an audit shows some bytes of each. Tells a census
 * what was found.
 */
import { equal, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { IndexedFragment, StripeHeader } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import type { Random } from '../ports/random.ts'
import type { Census } from './census.ts'
import type { Holding, Holdings } from './holdings.ts'
import { regionCount } from './placeStripe.ts'
import { challengedSlice } from './proof.ts'
import type { ProvenHolding, Proofs } from './proofs.ts'
import { gatherStripe, type ReadDeps } from './readStripe.ts'

export interface CheckDeps extends ReadDeps {
  readonly random: Random
  /** Asks as one who looks after stripes. */
  readonly checks: Holdings
  readonly proofs: Proofs
}

export interface CheckOptions {
  /** Holders prove what they say. */
  readonly isAudit: boolean
  /** Regions are looked up anew; what others have heard of them will do otherwise. */
  readonly isThorough: boolean
  readonly signal: AbortSignal
}

/** Ends the census's round. Rejects when the signal is aborted; an audit that cannot tell leaves things as they are. */
export async function checkStripe(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
): Promise<void> {
  const answers = await (options.isAudit
    ? audited(deps, stripe, census, options)
    : collect(deps, stripe, census, options, (contact) => deps.checks.ask(contact, stripe)))
  for (const { contact, holding } of answers) census.onShown(contact, holding)
  census.endRound(deps.clock.now())
}

interface Answer<H extends Holding> {
  readonly contact: Contact
  readonly holding: H
}

/** Asks the known holders, and when something is missing everybody else who might have it. */
async function collect<H extends Holding>(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
  ask: (contact: Contact) => Promise<H | undefined>,
): Promise<readonly Answer<H>[]> {
  const asked = new Set<NodeId>()
  const answers: Answer<H>[] = []
  const askOne = async (contact: Contact): Promise<void> => {
    try {
      const holding = await ask(contact)
      if (holding !== undefined) answers.push({ contact, holding })
    } catch (error) {
      // Whoever is silent, refuses or talks nonsense has shown nothing.
      if (!isFailure(error)) throw error
    }
  }
  const askAll = async (contacts: readonly Contact[]): Promise<void> => {
    const strangers = contacts.filter(({ id }) => !asked.has(id) && asked.add(id))
    await Promise.all(strangers.map(askOne))
  }
  await askAll([deps.network.self, ...census.holders])
  const shown = new Set(answers.flatMap(({ holding }) => holding.indices))
  if (shown.size < census.header.total) await askAll(await membersOf(deps, stripe, census.header, options))
  return answers
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

/** What everybody says, with whose bytes contradict the rest noted. */
async function audited(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
): Promise<readonly Answer<Holding>[]> {
  const nonce = deps.random.integer(2 ** 32)
  const answers = await collect(deps, stripe, census, options, (contact) => deps.proofs.ask(contact, { stripe, nonce }))
  const slices = firstSlices(deps, answers)
  if (slices.length <= census.header.needed) return answers
  const right = await rightSlices(deps, stripe, census.header, slices, nonce, options.signal)
  for (const { contact, holding } of answers) {
    const wrong = holding.indices.filter((index, at) => !isRight(right.get(index), holding.slices[at]))
    if (wrong.length > 0) deps.ledger.onDamaged(contact.id)
    census.onRefuted(contact, wrong)
  }
  census.onAudited(deps.clock.now())
  return answers
}

/** One slice of each fragment: this node's own before those of others, and those of known liars last. */
function firstSlices(deps: CheckDeps, answers: readonly Answer<ProvenHolding>[]): readonly IndexedFragment[] {
  const doubt = ({ contact }: Answer<ProvenHolding>): number =>
    contact.id === deps.network.self.id ? 0 : deps.ledger.isLiar(contact.id) ? 2 : 1
  const slices = new Map<number, IndexedFragment>()
  for (const { holding } of [...answers].sort((a, b) => doubt(a) - doubt(b))) {
    for (const [at, index] of holding.indices.entries()) {
      const data = holding.slices[at]
      if (data !== undefined && !slices.has(index)) slices.set(index, { index, data })
    }
  }
  return [...slices.values()]
}

/** What the slices must be: by one another, and where that does not tell, by reading the stripe. */
async function rightSlices(
  deps: CheckDeps,
  stripe: StripeId,
  { needed }: StripeHeader,
  slices: readonly IndexedFragment[],
  nonce: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Bytes>> {
  const agreeing = await deps.coder.agreeing({ needed, slices })
  if (agreeing !== undefined) {
    const right = new Set(agreeing)
    return new Map(slices.filter(({ index }) => right.has(index)).map(({ index, data }) => [index, data as Bytes]))
  }
  const rebuilt = await deps.coder.rebuild(await gatherStripe(deps, stripe, signal))
  return new Map(rebuilt.fragments.map((fragment, index) => [index, challengedSlice(fragment, nonce)]))
}

function isRight(expected: Bytes | undefined, slice: Bytes | undefined): boolean {
  return expected !== undefined && slice !== undefined && equal(expected, slice)
}
