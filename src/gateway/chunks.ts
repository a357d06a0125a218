/** Byte streams in bigger or smaller pieces, and between Node's streams and async iterables, with real backpressure. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { abortFailure, Failure } from '../base/failure.ts'
import { deferred } from '../base/signals.ts'
import { IDLE_MS_MAX, QUEUE_BYTES_MAX } from './limits.ts'

/** The same bytes in pieces of at least `bytes`, but for the last. Large pieces pass uncopied. */
export async function* joined(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of source) {
    if (piece.length === 0) continue
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes < bytes) continue
    yield together(held)
    held = []
    heldBytes = 0
  }
  if (heldBytes > 0) yield together(held)
}

/**
 * The body of a request as it arrives. Fails with `aborted` when the client leaves before its end, with `timed-out` when it stalls,
 * and with the signal's failure; the connection survives all but the first.
 */
export async function* bodyOf(request: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = request.read() as Buffer | null
    if (piece !== null) yield piece
    else if (request.readableEnded) return
    else await nextEvent(request, ['readable', 'end'], signal)
  }
}

/** Writes everything from `source`; settles when it is handed to the system. The caller ends the response. */
export async function pour(
  source: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of source) {
    if (signal.aborted) throw abortFailure(signal)
    const roomLeft = response.write(piece) || response.writableLength < QUEUE_BYTES_MAX
    if (!roomLeft) await nextEvent(response, ['drain'], signal)
  }
}

/** Settles at the first of the events; rejects when the peer leaves, stalls, or the signal is aborted. */
async function nextEvent(
  stream: IncomingMessage | ServerResponse,
  events: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw abortFailure(signal)
  if (stream.destroyed) throw clientLeft()
  const event = deferred<void>()
  const onLeft = (): void => {
    event.reject(clientLeft())
  }
  const onAbort = (): void => {
    event.reject(abortFailure(signal))
  }
  const idle = setTimeout(() => {
    event.reject(new Failure('timed-out', `the client moved no byte for ${IDLE_MS_MAX / 1000} s`))
  }, IDLE_MS_MAX)
  const settle = (): void => {
    event.resolve()
  }
  for (const name of events) stream.once(name, settle)
  stream.once('error', onLeft).once('close', onLeft)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await event.promise
  } finally {
    clearTimeout(idle)
    for (const name of events) stream.off(name, settle)
    stream.off('error', onLeft).off('close', onLeft)
    signal.removeEventListener('abort', onAbort)
  }
}

function clientLeft(): Failure {
  return new Failure('aborted', 'the client left before the end')
}

function together(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
}
