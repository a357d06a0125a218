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
import { challengedSlice, type Challenge } from './proof.ts'
import type { Proofs } from './proofs.ts'
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

/** Ends the census's round. Rejects when the signal is aborted, or when an audit cannot tell: that leaves things as they are. */
export async function checkStripe(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
): Promise<void> {
  const answers = await collect(deps, stripe, census, options)
  if (options.isAudit) await audit(deps, stripe, census, answers, options.signal)
  for (const { contact, holding } of answers) census.onShown(contact, holding)
  census.endRound(deps.clock.now())
}

interface Answer {
  readonly contact: Contact
  readonly holding: Holding
}

/** Asks the known holders, and when something is missing everybody else who might have it. */
async function collect(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  options: CheckOptions,
): Promise<readonly Answer[]> {
  const asked = new Set<NodeId>()
  const answers: Answer[] = []
  const askOne = async (contact: Contact): Promise<void> => {
    const holding = await deps.checks.ask(contact, stripe).catch(nothingShown)
    if (holding !== undefined) answers.push({ contact, holding })
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

/** Whoever is silent, refuses or talks nonsense has shown nothing. */
function nothingShown(error: unknown): undefined {
  if (!isFailure(error)) throw error
  return undefined
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

/** An answer, and the bytes of each fragment that its giver showed when asked for proof. */
interface Proven extends Answer {
  readonly slices: ReadonlyMap<number, Bytes>
}

/** Tells the census what holders said and cannot prove: because they give other bytes than the rest tells, or none. */
async function audit(
  deps: CheckDeps,
  stripe: StripeId,
  census: Census,
  answers: readonly Answer[],
  signal: AbortSignal,
): Promise<void> {
  const nonce = deps.random.integer(2 ** 32)
  const proven = await Promise.all(answers.map((answer) => withProof(deps, answer, { stripe, nonce })))
  const slices = firstSlices(deps, proven)
  // As many as are needed agree whatever they are.
  const isTelling = slices.length > census.header.needed
  const right = isTelling ? await rightSlices(deps, stripe, census.header, slices, nonce, signal) : undefined
  for (const { contact, holding, slices: own } of proven) {
    const wrong = holding.indices.filter(
      (index) => own.has(index) && right !== undefined && !isRight(right.get(index), own.get(index)),
    )
    const unshown = holding.indices.filter((index) => !own.has(index))
    if (wrong.length > 0) deps.ledger.onDamaged(contact.id)
    census.onRefuted(contact, [...wrong, ...unshown])
  }
  if (isTelling) census.onAudited(deps.clock.now())
}

async function withProof(deps: CheckDeps, answer: Answer, challenge: Challenge): Promise<Proven> {
  const proof = await deps.proofs.ask(answer.contact, challenge).catch(nothingShown)
  const slices = proof?.indices.map((index, at) => [index, proof.slices[at] as Bytes] as const)
  return { ...answer, slices: new Map(slices) }
}

/** One slice of each fragment: this node's own before those of others, and those of known liars last. */
function firstSlices(deps: CheckDeps, proven: readonly Proven[]): readonly IndexedFragment[] {
  const doubt = ({ contact }: Proven): number =>
    contact.id === deps.network.self.id ? 0 : deps.ledger.isLiar(contact.id) ? 2 : 1
  const first = new Map<number, IndexedFragment>()
  for (const { slices } of [...proven].sort((a, b) => doubt(a) - doubt(b))) {
    for (const [index, data] of slices) if (!first.has(index)) first.set(index, { index, data })
  }
  return [...first.values()]
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

/** A fragment whose slice did not agree with the others has no expected one. */
function isRight(expected: Bytes | undefined, slice: Bytes | undefined): boolean {
  return expected !== undefined && slice !== undefined && equal(expected, slice)
}
