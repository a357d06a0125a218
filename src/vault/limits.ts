/** Every bound of the vault, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import { SEGMENT_BYTES_MAX } from '../coding/limits.ts'

/** Files up to this size share packs: a stripe of their own would cost them 20 fragments each. */
export const PACKED_FILE_BYTES_MAX = MIB
/** A pack is closed before it outgrows one segment, so that reading a file in it concerns one stripe. */
export const PACK_BYTES_MAX = SEGMENT_BYTES_MAX
/** Packs being stored while the next is filled. */
export const PACKS_PARALLEL = 2
/** A subdirectory's listing up to this size stands in its parent's. */
export const NESTED_LISTING_BYTES_MAX = 16 * KIB
/** One directory's listing: it is decoded at once, which takes about 15 times its bytes of memory. */
export const LISTING_BYTES_MAX = 16 * MIB
export const LISTING_ENTRIES_MAX = 200_000
export const LISTING_PACKS_MAX = 20_000
/** An entry of a packed file is 13 items of CBOR, a pack 3; a stranger's listing must not be made of more. */
export const LISTING_ITEMS_MAX = 13 * LISTING_ENTRIES_MAX + 3 * LISTING_PACKS_MAX + 8
/** As common file systems have it. */
export const NAME_BYTES_MAX = 255
export const PATH_BYTES_MAX = 4_096
export const TARGET_CHARS_MAX = 4_096
export const PATH_DEPTH_MAX = 256
/** Objects of one directory whose health is asked at once. */
export const DIRECTORY_HEALTH_PARALLEL = 4
/** Packs kept whole while a tree is walked: files of one pack mostly follow one another. */
export const WALKED_PACKS_MAX = 2

assert(PACKED_FILE_BYTES_MAX <= PACK_BYTES_MAX, 'every packed file fits a pack')
