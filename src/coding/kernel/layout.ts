/**
 * Where things lie in the kernel's memory; read by the wrapper and, as AssemblyScript, by the kernel itself, so it holds
 * only what both languages understand. The whole is small enough for a core's second-level cache.
 */

/** Columns of a stripe that are worked on at once: this many bytes of every fragment. */
export const STRIP_BYTES = 2048
/** From one row to the next; not a power of two, or else all rows would fall into the same few cache sets. */
export const ROW_STRIDE = STRIP_BYTES + 64
export const ROW_COUNT = 64

/** 32 bytes for each constant of the field, see `nibbleTables`. */
export const TABLES_AT = 1024
export const TABLE_BYTES = 32
/** The 256 evaluation points, which are the transform's twiddle factors too. */
export const POINTS_AT = TABLES_AT + 256 * TABLE_BYTES
/** One byte for each output row and input row, output by output. */
export const COEFFICIENTS_AT = POINTS_AT + 256
/** The rows that are read: data fragments, then their polynomial; or the fragments to decode from. */
export const INPUT_AT = COEFFICIENTS_AT + ROW_COUNT * ROW_COUNT
/** The rows that are computed. */
export const OUTPUT_AT = INPUT_AT + ROW_COUNT * ROW_STRIDE
/** Of 64 KiB each; the kernel's memory never grows. */
export const MEMORY_PAGES = 5
