/** Small ids for tests, whose distances can be checked in the head. */
import { present } from '../base/assert.ts'
import { writeU32 } from '../base/bytes.ts'
import { parseId, type NodeId } from '../base/id.ts'

/** The id whose first `bits` bits (at most 32) are those of `value`, and all others 0: `tinyId(0b0101)` with 4. */
export function tinyId(value: number, bits = 4): NodeId {
  const bytes = new Uint8Array(32)
  writeU32(bytes, 0, value * 2 ** (32 - bits))
  return present(parseId<NodeId>(bytes), 'an id of 32 bytes')
}
