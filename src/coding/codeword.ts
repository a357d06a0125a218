/**
 * Which slices belong together. The code works byte by byte, so the same bytes of all fragments of a stripe are a codeword
 * of their own: any `needed` of them give all others. Whoever asks every holder for a few bytes at a place nobody could foresee can tell
 * who keeps what he says, without the fragments and without a proof for each.
 */
import { assert } from '../base/assert.ts'
import { equal } from '../base/bytes.ts'
import type { IndexedFragment, SliceJob } from '../ports/coder.ts'
import type { ErasureKernel } from './kernel/erasureKernel.ts'

/** Ten wrong among 193 are found with 64 drawn at random in some sixty tries. */
const TRIES = 400

/**
 * Indices of the slices that belong to one codeword, when there are more of them than any other codeword could share; undefined
 * when no such set is found: too few slices, or too many wrong ones.
 */
export function agreeingSlices(kernel: ErasureKernel, { needed, slices }: SliceJob): readonly number[] | undefined {
  assert(new Set(slices.map(({ index }) => index)).size === slices.length, 'one slice of each fragment')
  // Two codewords share fewer than `needed` places, so no two sets as large as this are of different ones.
  const decisive = Math.max(needed + 1, Math.floor((slices.length + needed - 1) / 2) + 1)
  if (slices.length < decisive) return undefined
  let order = slices
  for (let nth = 0; nth < TRIES; nth++) {
    const agreeing = agreeingWith(kernel, order.slice(0, needed), order.slice(needed))
    if (agreeing.length >= decisive) return agreeing
    order = shuffled(slices, nth)
  }
  return undefined
}

function agreeingWith(
  kernel: ErasureKernel,
  basis: readonly IndexedFragment[],
  others: readonly IndexedFragment[],
): readonly number[] {
  const expected = others.map(({ index, data }) => ({ index, data: new Uint8Array(data.length) }))
  kernel.decode(basis, expected)
  const matching = others.filter(({ data }, at) => equal(data, expected[at]?.data ?? new Uint8Array()))
  return [...basis, ...matching].map(({ index }) => index)
}

/** In an order that differs from try to try; whoever lies does not know which. */
function shuffled(slices: readonly IndexedFragment[], nth: number): readonly IndexedFragment[] {
  const order = [...slices]
  let state = (nth + 1) * 0x9e3779b1
  for (let at = order.length - 1; at > 0; at--) {
    // Xorshift (Marsaglia, 2003): only the spread matters.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const other = (state >>> 0) % (at + 1)
    ;[order[at], order[other]] = [order[other] as IndexedFragment, order[at] as IndexedFragment]
  }
  return order
}
