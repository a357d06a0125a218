/** The Connection port on one TLS socket whose peer is already proven: frames, coalescing, backpressure and an orderly end. */
import type { TLSSocket } from 'node:tls'
import { assert } from '../base/assert.ts'
import { concat, writeU32 } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import { FRAME_BYTES_MAX, type Channel, type Connection } from '../ports/connection.ts'
import { FrameReader } from './frameReader.ts'
import {
  CLOSE_MS_MAX,
  FRAME_HEAD_BYTES,
  JOIN_CHUNK_BYTES_MAX,
  KEEP_ALIVE_MS,
  QUEUE_BYTES_MAX,
  QUEUE_BYTES_ROOM,
  WRITE_BYTES,
} from './limits.ts'

export interface ConnectionFacts {
  readonly peer: NodeId
  readonly channel: Channel
  readonly outgoing: boolean
  readonly remoteHost: string
}

export class TlsConnection implements Connection {
  readonly peer: NodeId
  readonly channel: Channel
  readonly outgoing: boolean
  readonly remoteHost: string
  private readonly socket: TLSSocket
  private readonly reader = new FrameReader()
  /** Heads and chunks of the frames of this tick. */
  private pending: Uint8Array[] = []
  private pendingBytes = 0
  private flushDue: NodeJS.Immediate | undefined
  private waitingForRoom: (() => void)[] = []
  private frameHandler: ((frame: Uint8Array) => void) | undefined
  private closeHandler: ((reason: string) => void) | undefined
  private closeReason: string | undefined
  private closeDeadline: NodeJS.Timeout | undefined
  private closed = false

  constructor(socket: TLSSocket, facts: ConnectionFacts) {
    this.socket = socket
    this.peer = facts.peer
    this.channel = facts.channel
    this.outgoing = facts.outgoing
    this.remoteHost = facts.remoteHost
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.on('end', () => {
      this.closeReason ??= 'the peer closed the connection'
      this.limitClosing()
    })
    socket.on('error', (error: Error) => {
      this.closeReason ??= `the connection broke: ${error.message}`
    })
    socket.on('close', () => {
      this.onSocketClosed()
    })
  }

  /** Until it is set, what arrives stays in the socket's own bounded buffer and the peer's in turn. */
  set onFrame(handler: (frame: Uint8Array) => void) {
    assert(this.frameHandler === undefined, 'onFrame is set once')
    this.frameHandler = handler
    this.socket.on('data', (piece: Buffer) => {
      const violation = this.reader.push(piece, handler)
      if (violation !== undefined) this.abort(violation)
    })
  }

  get onFrame(): (frame: Uint8Array) => void {
    return this.frameHandler ?? (() => {})
  }

  set onClose(handler: (reason: string) => void) {
    assert(this.closeHandler === undefined, 'onClose is set once')
    this.closeHandler = handler
    if (this.closed) queueMicrotask(() => this.tellClosed())
  }

  get onClose(): (reason: string) => void {
    return this.closeHandler ?? (() => {})
  }

  get queuedBytes(): number {
    return this.closed ? 0 : this.pendingBytes + this.socket.writableLength
  }

  send(chunks: readonly Uint8Array[]): void {
    let frameBytes = 0
    for (const chunk of chunks) frameBytes += chunk.length
    assert(frameBytes <= FRAME_BYTES_MAX, `a frame has at most ${String(FRAME_BYTES_MAX)} bytes`)
    if (this.closeReason !== undefined) return
    const head = new Uint8Array(FRAME_HEAD_BYTES)
    writeU32(head, 0, frameBytes)
    this.pending.push(head, ...chunks)
    this.pendingBytes += FRAME_HEAD_BYTES + frameBytes
    if (this.queuedBytes > QUEUE_BYTES_MAX) this.abort('the peer does not take what is sent to it')
    else if (this.pendingBytes >= WRITE_BYTES) this.flush()
    else this.flushDue ??= setImmediate(() => this.flush())
  }

  pause(): void {
    if (this.closeReason === undefined) this.socket.pause()
  }

  resume(): void {
    // Before there is a handler, frames wait for it.
    if (this.frameHandler !== undefined) this.socket.resume()
  }

  drained(): Promise<void> {
    if (this.queuedBytes < QUEUE_BYTES_ROOM) return Promise.resolve()
    return new Promise((resolve) => this.waitingForRoom.push(resolve))
  }

  close(reason: string): void {
    if (this.closeReason !== undefined) return
    this.flush()
    this.closeReason = reason
    this.reader.stop()
    this.socket.end()
    this.socket.resume()
    this.limitClosing()
  }

  /** Ends it without waiting for what is queued. */
  abort(reason: string): void {
    this.closeReason ??= reason
    this.reader.stop()
    this.socket.destroy()
  }

  /** A peer that neither takes what is queued nor closes must not keep a stopping node waiting. */
  private limitClosing(): void {
    this.closeDeadline ??= setTimeout(() => this.socket.destroy(), CLOSE_MS_MAX)
  }

  private flush(): void {
    clearImmediate(this.flushDue)
    this.flushDue = undefined
    if (this.pending.length === 0) return
    const writes = joinSmall(this.pending)
    this.pending = []
    this.pendingBytes = 0
    this.socket.cork()
    for (const bytes of writes) this.socket.write(bytes, this.onWritten)
    this.socket.uncork()
  }

  private readonly onWritten = (): void => {
    if (this.waitingForRoom.length > 0 && this.queuedBytes < QUEUE_BYTES_ROOM) this.admitWaiting()
  }

  private admitWaiting(): void {
    const waiting = this.waitingForRoom
    this.waitingForRoom = []
    for (const admit of waiting) admit()
  }

  private onSocketClosed(): void {
    this.closed = true
    clearTimeout(this.closeDeadline)
    clearImmediate(this.flushDue)
    this.closeReason ??= 'the connection broke'
    this.pending = []
    this.admitWaiting()
    this.tellClosed()
  }

  private tellClosed(): void {
    this.closeHandler?.(this.closeReason ?? '')
  }
}

/** The same bytes in fewer pieces: neighbouring small chunks in one buffer, large ones as they are. */
function joinSmall(chunks: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = []
  let small: Uint8Array[] = []
  for (const chunk of chunks) {
    if (chunk.length < JOIN_CHUNK_BYTES_MAX) {
      small.push(chunk)
      continue
    }
    if (small.length > 0) joined.push(concat(...small))
    joined.push(chunk)
    small = []
  }
  if (small.length > 0) joined.push(concat(...small))
  return joined
}
