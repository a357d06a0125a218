/** Cutting a stream of bytes into segments. */
import type { Bytes } from '../base/bytes.ts'
import { KIB } from '../base/units.ts'

const FIRST_BUFFER_BYTES = 64 * KIB
/** What comes in one small piece is mostly all there is. */
const SMALL_BYTES_MAX = 16 * KIB

/**
 * The source's bytes in pieces of exactly `segmentBytes`, the last one shorter; none for an empty source. Each piece owns its
 * buffer, so that it can be transferred. Memory grows with what has come, never with what was announced.
 */
export async function* segments(source: AsyncIterable<Uint8Array>, segmentBytes: number): AsyncGenerator<Bytes> {
  let buffer = new Uint8Array(0)
  let filled = 0
  for await (const chunk of source) {
    if (buffer.length === 0) {
      const firstBytes = chunk.length <= SMALL_BYTES_MAX ? chunk.length : FIRST_BUFFER_BYTES
      buffer = new Uint8Array(Math.min(firstBytes, segmentBytes))
    }
    let at = 0
    while (at < chunk.length) {
      if (filled === buffer.length)
        buffer = grown(buffer, Math.min(Math.max(FIRST_BUFFER_BYTES, 4 * filled), segmentBytes))
      const taken = Math.min(chunk.length - at, buffer.length - filled)
      buffer.set(chunk.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < segmentBytes) continue
      yield buffer
      // What follows a full segment is probably another one.
      buffer = new Uint8Array(segmentBytes)
      filled = 0
    }
  }
  if (filled > 0) yield filled === buffer.length ? buffer : buffer.slice(0, filled)
}

function grown(buffer: Bytes, length: number): Bytes {
  const larger = new Uint8Array(length)
  larger.set(buffer)
  return larger
}
