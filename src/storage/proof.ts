/**
 * Proofs that a holder has what it says, without sending it: some bytes of each fragment, at a place that it cannot foresee. Whoever
 * has the fragments elsewhere, or rebuilds them, compares.
 */
import { concat, EMPTY, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { fragmentBytes } from '../coding/stripe.ts'
import type { Clock } from '../ports/clock.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { FragmentStore, HeldFragment, HeldStripe } from '../ports/fragmentStore.ts'
import { PROOF_SLICE_BYTES, PROVE_READ_BYTES_AT_ONCE, PROVE_READ_BYTES_MAX } from './limits.ts'

export interface Challenge {
  readonly stripe: StripeId
  /** 0 .. 2^32 - 1. */
  readonly nonce: number
}

export interface StripeProof {
  /** Only fragments that could be read; none when nothing is held. */
  readonly held: HeldStripe | undefined
  /** The slices of these fragments, in their order, joined. */
  readonly slices: Bytes
}

/** The bytes of a fragment's data that a nonce asks for: at most {@link PROOF_SLICE_BYTES}, fewer of a shorter fragment. */
export function challengedSlice(data: Uint8Array, nonce: number): Bytes {
  const sliceBytes = Math.min(data.length, PROOF_SLICE_BYTES)
  const start = nonce % (data.length - sliceBytes + 1)
  return new Uint8Array(data.subarray(start, start + sliceBytes))
}

/** Bytes of each slice of a stripe's fragments. */
export function sliceBytes(header: StripeHeader): number {
  return Math.min(fragmentBytes(header), PROOF_SLICE_BYTES)
}

export interface ProverDeps {
  readonly clock: Clock
  readonly fragments: Pick<FragmentStore, 'get' | 'held'>
}

/**
 * In the order of the challenges. Rejects with `busy`, before it has read any fragment, when there is more to read than
 * {@link PROVE_READ_BYTES_MAX}; one stripe never is. Rejects with the store's failures and those of `signal`.
 */
export async function proveStripes(
  deps: ProverDeps,
  challenges: readonly Challenge[],
  signal: AbortSignal,
): Promise<readonly StripeProof[]> {
  const held = await Promise.all(challenges.map(({ stripe }) => deps.fragments.held(stripe)))
  refuseTooMuch(held)
  const proofs: StripeProof[] = []
  let unpausedBytes = 0
  for (const [at, { nonce }] of challenges.entries()) {
    const stripe = held[at]
    proofs.push(stripe === undefined ? NOTHING : await proveStripe(deps, stripe, nonce))
    unpausedBytes += bytesOf(stripe)
    if (unpausedBytes < PROVE_READ_BYTES_AT_ONCE) continue
    // Stores may read without giving up their turn; others have a right to one.
    await deps.clock.sleep(0, signal)
    unpausedBytes = 0
  }
  return proofs
}

const NOTHING: StripeProof = { held: undefined, slices: EMPTY }

async function proveStripe({ fragments }: ProverDeps, held: HeldStripe, nonce: number): Promise<StripeProof> {
  const readable: HeldFragment[] = []
  const slices: Bytes[] = []
  for (const each of held.fragments) {
    const fragment = await fragments.get(held.stripe, each.index)
    if (fragment === undefined) continue
    readable.push(each)
    slices.push(challengedSlice(fragment.data, nonce))
  }
  return readable.length === 0 ? NOTHING : { held: { ...held, fragments: readable }, slices: concat(...slices) }
}

function refuseTooMuch(held: readonly (HeldStripe | undefined)[]): void {
  const bytes = held.reduce((sum, stripe) => sum + bytesOf(stripe), 0)
  const stripes = held.filter((stripe) => stripe !== undefined).length
  if (stripes <= 1 || bytes <= PROVE_READ_BYTES_MAX) return
  throw new Failure('busy', `proving these ${String(stripes)} stripes takes too much reading; ask for fewer at once`)
}

function bytesOf(stripe: HeldStripe | undefined): number {
  return stripe?.fragments.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
}
