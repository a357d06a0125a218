/** Bounds of stripes, each with its reason, and what holds between them. */
import { assert } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'

/** What one stripe codes at most: a segment and its fragments fit a small machine's memory several times over. */
export const SEGMENT_BYTES_MAX = 16 * MIB
/** Fragments do not grow beyond this before `needed` has reached its largest: a small object costs few requests. */
export const SMALL_FRAGMENT_BYTES = 4 * KIB
/** Beyond 64 a read asks ever more nodes for an ever smaller gain in expansion. */
export const NEEDED_MAX = 64
/** Evaluation points are the elements of GF(2^8). */
export const TOTAL_MAX = 256

assert(NEEDED_MAX <= TOTAL_MAX, 'a code has at least as many fragments as it needs')
assert((NEEDED_MAX & (NEEDED_MAX - 1)) === 0, 'needed is a power of two')

/** True for 1, 2, 4 .. {@link NEEDED_MAX}. */
export function isNeeded(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= NEEDED_MAX && (value & (value - 1)) === 0
}
