/**
 * What a frame says: a hello, a request, its reply or refusal, that nobody waits for the reply any more, that the connection is
 * needed no longer (goodbye), or that the node itself is leaving (leave).
 *
 *     byte 0      type: 1 hello, 2 request, 3 reply, 4 refusal, 5 cancel, 6 goodbye, 7 leave
 *     bytes 1-4   request id, big-endian; 0 for hello, goodbye and leave, else 1 or more
 *     bytes 5-8   length of the head, big-endian
 *     then        the head (CBOR), then the body parts, whose lengths the head gives
 *
 * Requests and replies have a head and may have a body, hellos and refusals have a head, the others neither.
 */
import { assert } from '../base/assert.ts'
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
const WITHOUT_REQUEST: readonly EnvelopeType[] = ['hello', 'goodbye', 'leave']
const WITH_HEAD: readonly EnvelopeType[] = ['hello', 'request', 'reply', 'refusal']
const WITH_BODY: readonly EnvelopeType[] = ['request', 'reply']

/** The frame's chunks, for Connection.send. */
export function packEnvelope(
  type: EnvelopeType,
  requestId: number,
  head: Uint8Array = EMPTY,
  body: readonly Uint8Array[] = [],
): Uint8Array[] {
  const bodyBytes = body.reduce((sum, part) => sum + part.length, 0)
  assert(flawOf(type, { requestId, headBytes: head.length, bodyBytes }) === undefined, `a ${type} within bounds`)
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
  const bodyAt = ENVELOPE_HEAD_BYTES + headBytes
  if (bodyAt > frame.length) return fail('a head longer than its frame')
  const requestId = readU32(frame, 1)
  const flaw = flawOf(type, { requestId, headBytes, bodyBytes: frame.length - bodyAt })
  if (flaw !== undefined) return fail(flaw)
  const head = frame.subarray(ENVELOPE_HEAD_BYTES, bodyAt)
  return ok({ type, requestId, head, body: frame.subarray(bodyAt) })
}

interface Measures {
  readonly requestId: number
  readonly headBytes: number
  readonly bodyBytes: number
}

/** What is wrong with a frame of these measures. */
function flawOf(type: EnvelopeType, { requestId, headBytes, bodyBytes }: Measures): string | undefined {
  const headBytesMax = WITH_HEAD.includes(type) ? HEAD_BYTES_MAX : 0
  const bodyBytesMax = WITH_BODY.includes(type) ? BODY_BYTES_MAX : 0
  if ((requestId === 0) !== WITHOUT_REQUEST.includes(type)) return `a ${type} with request id ${String(requestId)}`
  if (headBytes > headBytesMax) return `a ${type} with a head of ${String(headBytes)} bytes`
  if (bodyBytes > bodyBytesMax) return `a ${type} with a body of ${String(bodyBytes)} bytes`
  return undefined
}
