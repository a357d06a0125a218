/**
 * What a frame says: a hello, a request, its reply or refusal, that nobody waits for the reply any more, that the connection is
 * needed no longer (goodbye), or that the node itself is leaving (leave).
 *
 *     byte 0      type: 1 hello, 2 request, 3 reply, 4 refusal, 5 cancel, 6 goodbye, 7 leave
 *     bytes 1-4   request id, big-endian; 0 for hello, goodbye and leave
 *     bytes 5-8   length of the head, big-endian
 *     then        the head (CBOR), then the body parts, whose lengths the head gives
 */
import { EMPTY, readU32, writeU32 } from '../base/bytes.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { BODY_BYTES_MAX, HEAD_BYTES_MAX } from './limits.ts'

const TYPES = ['hello', 'request', 'reply', 'refusal', 'cancel', 'goodbye', 'leave'] as const
export type EnvelopeType = (typeof TYPES)[number]

export interface Envelope {
  readonly type: EnvelopeType
  readonly requestId: number
  readonly head: Uint8Array
  readonly body: Uint8Array
}

const ENVELOPE_HEAD_BYTES = 9

/** The frame's chunks, for Connection.send. */
export function packEnvelope(
  type: EnvelopeType,
  requestId: number,
  head: Uint8Array = EMPTY,
  body: readonly Uint8Array[] = [],
): Uint8Array[] {
  const fixed = new Uint8Array(ENVELOPE_HEAD_BYTES + head.length)
  fixed[0] = TYPES.indexOf(type) + 1
  writeU32(fixed, 1, requestId)
  writeU32(fixed, 5, head.length)
  fixed.set(head, ENVELOPE_HEAD_BYTES)
  return [fixed, ...body]
}

/** Views into the frame, or what is wrong with it. */
export function unpackEnvelope(frame: Uint8Array): Result<Envelope> {
  if (frame.length < ENVELOPE_HEAD_BYTES) return fail('a frame shorter than its head')
  const type = TYPES[(frame[0] ?? 0) - 1]
  if (type === undefined) return fail(`an unknown frame type ${String(frame[0])}`)
  const headBytes = readU32(frame, 5)
  if (headBytes > HEAD_BYTES_MAX) return fail(`a head of ${String(headBytes)} bytes`)
  const bodyAt = ENVELOPE_HEAD_BYTES + headBytes
  if (bodyAt > frame.length) return fail('a head longer than its frame')
  if (frame.length - bodyAt > BODY_BYTES_MAX) return fail(`a body of ${String(frame.length - bodyAt)} bytes`)
  return ok({
    type,
    requestId: readU32(frame, 1),
    head: frame.subarray(ENVELOPE_HEAD_BYTES, bodyAt),
    body: frame.subarray(bodyAt),
  })
}
