/** Messages to envelope heads and bodies and back, strictly. A body's parts are views of the frame they came in. */
import type { Bytes } from '../base/bytes.ts'
import { isFailureCode, type FailureCode } from '../base/failure.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { BODY_BYTES_MAX, BODY_PARTS_MAX, HEAD_BYTES_MAX, REFUSAL_CHARS_MAX } from './limits.ts'
import { kindOfCode, MESSAGES, type MessageKind, type Messages, type WithBody } from './messages.ts'
import { decodeAs, encodeAs, list, readAs, record, text, uint, type Schema } from './schema.ts'

export interface Packed {
  readonly head: Bytes
  readonly body: readonly Uint8Array[]
}

const partLengths = list(uint(BODY_BYTES_MAX), BODY_PARTS_MAX)
const refusalSchema = record({ code: text(32), message: text(REFUSAL_CHARS_MAX) })

/** Passes a value through: the payload is checked by its message's own schema in a second step. */
const payload: Schema<unknown> = { toWire: (value) => value, fromWire: (raw) => raw }
const requestHead = record({ code: uint(0xffff), payload, partLengths })
const replyHead = record({ payload, partLengths })

export function packRequest<K extends MessageKind>(kind: K, request: Messages[K]['request']): Packed {
  const shape = MESSAGES[kind]
  const parts = (request as WithBody).body ?? []
  const head = encodeAs(requestHead, {
    code: shape.code,
    payload: (shape.request as Schema<unknown>).toWire(request),
    partLengths: parts.map((part) => part.length),
  })
  return { head, body: parts }
}

export function packReply<K extends MessageKind>(kind: K, reply: Messages[K]['reply']): Packed {
  const parts = (reply as WithBody).body ?? []
  const head = encodeAs(replyHead, {
    payload: (MESSAGES[kind].reply as Schema<unknown>).toWire(reply),
    partLengths: parts.map((part) => part.length),
  })
  return { head, body: parts }
}

/** A decoded request with its kind, as one type per kind. */
export type AnyRequest = {
  [K in MessageKind]: { readonly kind: K; readonly request: Messages[K]['request'] }
}[MessageKind]

export function unpackRequest(head: Uint8Array, body: Uint8Array): Result<AnyRequest> {
  const outer = decodeAs(requestHead, head, HEAD_BYTES_MAX)
  if (!outer.ok) return outer
  const kind = kindOfCode(outer.value.code)
  if (kind === undefined) return fail(`message ${String(outer.value.code)} is not known here`)
  const request = withBody(MESSAGES[kind].request, outer.value.payload, outer.value.partLengths, body)
  return request.ok ? ok({ kind, request: request.value } as AnyRequest) : request
}

export function unpackReply<K extends MessageKind>(
  kind: K,
  head: Uint8Array,
  body: Uint8Array,
): Result<Messages[K]['reply']> {
  const outer = decodeAs(replyHead, head, HEAD_BYTES_MAX)
  if (!outer.ok) return outer
  return withBody(MESSAGES[kind].reply, outer.value.payload, outer.value.partLengths, body) as Result<
    Messages[K]['reply']
  >
}

export interface Refusal {
  readonly code: FailureCode
  readonly message: string
}

export function packRefusal(refusal: Refusal): Bytes {
  return encodeAs(refusalSchema, {
    code: refusal.code,
    message: refusal.message.slice(0, REFUSAL_CHARS_MAX).toWellFormed(),
  })
}

export function unpackRefusal(head: Uint8Array): Result<Refusal> {
  const decoded = decodeAs(refusalSchema, head, HEAD_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { code, message } = decoded.value
  return isFailureCode(code) ? ok({ code, message }) : fail(`an unknown refusal ${code}`)
}

function withBody(
  schema: Schema<unknown>,
  raw: unknown,
  lengths: readonly number[],
  body: Uint8Array,
): Result<unknown> {
  const parts = cut(body, lengths)
  if (parts === undefined) return fail('the body is not as long as its parts')
  const value = readAs(schema, raw)
  if (!value.ok || parts.length === 0) return value
  return ok({ ...(value.value as object), body: parts })
}

/** The body cut at the given lengths, or undefined when they do not add up to it. */
function cut(body: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] | undefined {
  const parts: Uint8Array[] = []
  let at = 0
  for (const length of lengths) {
    parts.push(body.subarray(at, at + length))
    at += length
  }
  return at === body.length ? parts : undefined
}
