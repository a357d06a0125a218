/** The arithmetic of a stripe, free of its names and hashes: what the WASM kernel and its plain twin both do. */
import { assert } from '../../base/assert.ts'
import type { IndexedFragment } from '../../ports/coder.ts'
import { isNeeded, TOTAL_MAX } from '../limits.ts'

/** All fragments of one call have the same length. Given wrong counts or lengths, both methods fail an assertion. */
export interface ErasureKernel {
  /**
   * Fills `parity[i]` with fragment `data.length + i` of the stripe whose first fragments are `data`: 1, 2, 4 .. 64 of them.
   */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void
  /** Fills the data of each `wanted` fragment from as many `received` ones, with distinct indices, as the stripe needs. */
  decode(received: readonly IndexedFragment[], wanted: readonly IndexedFragment[]): void
}

export function assertEncodable(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
  assert(isNeeded(data.length), 'the number of data fragments is a power of two up to 64')
  assert(data.length + parity.length <= TOTAL_MAX, 'a stripe has at most 256 fragments')
  assertEqualLengths([...data, ...parity])
}

export function assertDecodable(received: readonly IndexedFragment[], wanted: readonly IndexedFragment[]): void {
  assert(isNeeded(received.length), 'as many fragments are received as the stripe needs')
  assert(new Set(received.map(({ index }) => index)).size === received.length, 'received indices are distinct')
  const all = [...received, ...wanted]
  for (const { index } of all)
    assert(Number.isInteger(index) && index >= 0 && index < TOTAL_MAX, 'indices are 0 .. 255')
  assertEqualLengths(all.map(({ data }) => data))
}

function assertEqualLengths(fragments: readonly Uint8Array[]): void {
  const first = fragments[0]
  for (const fragment of fragments) assert(fragment.length === first?.length, 'fragments have one length')
}
