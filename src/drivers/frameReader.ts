/**
 * Frames out of a byte stream that arrives in arbitrary pieces: each frame is its length as four big-endian bytes, then that many
 * bytes. Absent on purpose: sockets, and what a frame says.
 */
import { readU32 } from '../base/bytes.ts'
import { FRAME_BYTES_MAX } from '../ports/connection.ts'
import { FRAME_HEAD_BYTES } from './limits.ts'

export class FrameReader {
  private readonly frameBytesMax: number
  private readonly head = new Uint8Array(FRAME_HEAD_BYTES)
  private headFilled = 0
  /** The frame being filled. */
  private frame: Uint8Array | undefined
  private frameFilled = 0
  private stopped = false

  constructor(frameBytesMax = FRAME_BYTES_MAX) {
    this.frameBytesMax = frameBytesMax
  }

  /**
   * Takes the next piece and hands over each frame it completes, a view of the piece where it lies whole in it. Gives the reason to
   * disconnect when the stream announces a frame that is too long; later pieces are then ignored.
   */
  push(piece: Uint8Array, onFrame: (frame: Uint8Array) => void): string | undefined {
    // A plain view: Buffer's subarray costs several times as much.
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.length)
    let at = 0
    while (at < bytes.length && !this.stopped) {
      if (this.frame !== undefined) {
        at += this.fillFrame(this.frame, bytes.subarray(at), onFrame)
        continue
      }
      const headWhole = this.headFilled === 0 && bytes.length - at >= FRAME_HEAD_BYTES
      at += headWhole ? FRAME_HEAD_BYTES : this.fillHead(bytes.subarray(at))
      if (!headWhole && this.headFilled < FRAME_HEAD_BYTES) break
      const length = headWhole ? readU32(bytes, at - FRAME_HEAD_BYTES) : readU32(this.head, 0)
      this.headFilled = 0
      if (length > this.frameBytesMax) return this.refuse(length)
      if (length > bytes.length - at) {
        this.startFrame(length)
      } else {
        onFrame(bytes.subarray(at, at + length))
        at += length
      }
    }
    return undefined
  }

  /** No frame is handed over any more. */
  stop(): void {
    this.stopped = true
    this.frame = undefined
  }

  private refuse(length: number): string {
    this.stop()
    return `the peer announced a frame of ${String(length)} bytes; at most ${String(this.frameBytesMax)} are allowed`
  }

  /** The memory is not cleared, hence not touched, hence not taken from the system, before the peer's bytes fill it. */
  private startFrame(length: number): void {
    const memory = Buffer.allocUnsafeSlow(length)
    this.frame = new Uint8Array(memory.buffer, memory.byteOffset, length)
    this.frameFilled = 0
  }

  private fillHead(piece: Uint8Array): number {
    const taken = piece.subarray(0, FRAME_HEAD_BYTES - this.headFilled)
    this.head.set(taken, this.headFilled)
    this.headFilled += taken.length
    return taken.length
  }

  private fillFrame(frame: Uint8Array, piece: Uint8Array, onFrame: (frame: Uint8Array) => void): number {
    const taken = piece.subarray(0, frame.length - this.frameFilled)
    frame.set(taken, this.frameFilled)
    this.frameFilled += taken.length
    if (this.frameFilled === frame.length) {
      this.frame = undefined
      onFrame(frame)
    }
    return taken.length
  }
}
