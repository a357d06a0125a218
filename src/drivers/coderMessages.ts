/** What a pooled coder and its threads say to each other. Large arrays travel by transfer, never by copy. */
import type { Bytes } from '../base/bytes.ts'
import type { FailureCode } from '../base/failure.ts'
import type { DecodeJob, EncodedStripe, EncodeJob } from '../ports/coder.ts'

export type CoderTask =
  | { readonly kind: 'encode'; readonly job: EncodeJob }
  | { readonly kind: 'decode'; readonly job: DecodeJob }
  | { readonly kind: 'rebuild'; readonly job: DecodeJob }

export type CoderOutcome =
  | { readonly kind: 'done'; readonly value: EncodedStripe | Bytes }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }
  /** A bug in the thread. */
  | { readonly kind: 'broken'; readonly message: string }

/** The buffers under these arrays, each once: what goes into a transfer list. */
export function buffersUnder(arrays: readonly Bytes[]): ArrayBuffer[] {
  return [...new Set(arrays.map((array) => array.buffer))]
}

/** The same contents as views of one new buffer, which can be transferred without taking anything else along. */
export function inOneBuffer(arrays: readonly Uint8Array[]): Bytes[] {
  const joined = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0))
  let at = 0
  return arrays.map((array) => {
    joined.set(array, at)
    at += array.length
    return joined.subarray(at - array.length, at)
  })
}
