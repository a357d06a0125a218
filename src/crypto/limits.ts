/** Every bound of making and checking node ids, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { KIB } from '../base/units.ts'

/** A puzzle above this keeps small machines out of a network. */
export const PUZZLE_MEMORY_KIB_MAX = 1024 * KIB
/** The least that Argon2 takes for one lane. */
export const PUZZLE_MEMORY_KIB_MIN = 8
export const PUZZLE_PASSES_MAX = 16
/** Four billion runs: no node is ever made beyond this. */
export const PUZZLE_BITS_MAX = 32

/** Runs of the puzzle at once. Each takes a core and the puzzle's memory, and the thread pool has others waiting. */
export const CHECKS_AT_ONCE = 2
/** Of those, for peers that came unasked: whatever strangers do, they have one core at most, and dials find a turn. */
export const STRANGER_CHECKS_AT_ONCE = 1
/** Strangers waiting for a check: half a second of work under the public puzzle; who comes later had better come again. */
export const STRANGERS_QUEUED_MAX = 32
/** Checks that this node asks for itself, waiting: all dials that it makes at once have room. */
export const OWN_CHECKS_QUEUED_MAX = 256

/** Keys known to solve the puzzle: every peer of a long day. Filling it with others costs an attacker a puzzle for each. */
export const SOLVED_KEYS_MAX = 4096
/** Keys known not to: whoever comes again with one is turned away for nothing. Easy to fill, so apart from the good ones. */
export const UNSOLVED_KEYS_MAX = 1024

assert(STRANGER_CHECKS_AT_ONCE < CHECKS_AT_ONCE, 'strangers leave room for this node’s own checks')
assert(STRANGERS_QUEUED_MAX < OWN_CHECKS_QUEUED_MAX, 'this node waits longer for itself than for strangers')
