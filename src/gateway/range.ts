/** The Range header (RFC 9110, section 14.2): which bytes of a representation the client wants. */
import type { ByteRange } from '../storage/objects.ts'

export type RangeAnswer =
  { readonly kind: 'whole' } | { readonly kind: 'part'; readonly range: ByteRange } | { readonly kind: 'unsatisfiable' }

const WHOLE: RangeAnswer = { kind: 'whole' }
const UNSATISFIABLE: RangeAnswer = { kind: 'unsatisfiable' }

/**
 * What to answer for `size` bytes. Several ranges, other units and malformed headers get the whole, as the RFC allows: only a
 * well-formed range that lies outside is refused.
 */
export function answerRange(header: string | undefined, size: number): RangeAnswer {
  const [, first, last] = /^bytes=\s*([0-9]*)\s*-\s*([0-9]*)\s*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return WHOLE
  return first === '' ? suffix(Number(last), size) : fromFirst(Number(first), last, size)
}

function suffix(length: number, size: number): RangeAnswer {
  if (length === 0 || size === 0) return UNSATISFIABLE
  return { kind: 'part', range: { start: Math.max(0, size - length), end: size - 1 } }
}

function fromFirst(start: number, last: string, size: number): RangeAnswer {
  if (last !== '' && Number(last) < start) return WHOLE
  if (start >= size) return UNSATISFIABLE
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return { kind: 'part', range: { start, end } }
}
