/** What a reader may ask for of something that has so many bytes: one rule for objects and for files within packs. */
import { Failure } from '../base/failure.ts'
import type { ByteRange } from './objects.ts'

/** The range, or all bytes when it is absent; undefined for no bytes at all. Throws `invalid` for a range that is not within `size`. */
export function checkedRange(range: ByteRange | undefined, size: number): ByteRange | undefined {
  if (range === undefined) return size === 0 ? undefined : { start: 0, end: size - 1 }
  const { start, end } = range
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end < size)) {
    throw new Failure('invalid', `the range ${String(start)}-${String(end)} is not within ${String(size)} bytes`)
  }
  return range
}
