/**
 * A transport whose bulk frames keep to so many bytes a second: sent ones wait here in their connections' queues, and from received ones
 * reading pauses, so that they wait with the peer. Control frames are small and urgent, and go at once; bulk waits for their bytes too.
 * Absent on purpose: a bound within a frame. A second's average is kept, or that of a frame where one takes longer than a second.
 */
import { deferred, type Deferred } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Channel, Connection, Contact, Transport } from '../ports/connection.ts'
import type { ByteRates } from './connectionCounts.ts'
import { PACED_QUEUE_BYTES_MAX, PACED_QUEUE_BYTES_ROOM } from './limits.ts'
import { Pacer } from './pacer.ts'

export class PacedTransport implements Transport {
  private readonly inner: Transport
  private readonly up: Pacer | undefined
  private readonly down: Pacer | undefined

  constructor(inner: Transport, clock: Clock, { upBytesPerSecond, downBytesPerSecond }: ByteRates) {
    this.inner = inner
    if (upBytesPerSecond !== undefined) this.up = new Pacer(clock, upBytesPerSecond)
    if (downBytesPerSecond !== undefined) this.down = new Pacer(clock, downBytesPerSecond)
  }

  get addresses(): Transport['addresses'] {
    return this.inner.addresses
  }

  listen(onConnection: (connection: Connection) => void): Promise<void> {
    return this.inner.listen((connection) => {
      onConnection(new PacedConnection(connection, this.up, this.down))
    })
  }

  async dial(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection> {
    return new PacedConnection(await this.inner.dial(peer, channel, signal), this.up, this.down)
  }

  async close(): Promise<void> {
    this.up?.close()
    this.down?.close()
    await this.inner.close()
  }
}

interface QueuedFrame {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
}

class PacedConnection implements Connection {
  readonly peer: Connection['peer']
  readonly channel: Channel
  readonly outgoing: boolean
  readonly remoteHost: string
  private readonly inner: Connection
  private readonly up: Pacer | undefined
  private readonly down: Pacer | undefined
  private readonly queue: QueuedFrame[] = []
  private ownQueuedBytes = 0
  private draining: Deferred<void> | undefined
  /** Who wants that nothing is read: whoever has this connection, and the pace. */
  private isPausedByUser = false
  private isPausedByPace = false
  private isClosed = false

  constructor(inner: Connection, up: Pacer | undefined, down: Pacer | undefined) {
    this.inner = inner
    this.up = up
    this.down = down
    this.peer = inner.peer
    this.channel = inner.channel
    this.outgoing = inner.outgoing
    this.remoteHost = inner.remoteHost
  }

  get onFrame(): (frame: Uint8Array) => void {
    return this.inner.onFrame
  }

  set onFrame(handler: (frame: Uint8Array) => void) {
    if (this.down === undefined) {
      this.inner.onFrame = handler
      return
    }
    this.inner.onFrame = (frame) => {
      this.received(frame.length)
      handler(frame)
    }
  }

  get onClose(): (reason: string) => void {
    return this.inner.onClose
  }

  set onClose(handler: (reason: string) => void) {
    this.inner.onClose = (reason) => {
      this.end()
      handler(reason)
    }
  }

  get queuedBytes(): number {
    return this.ownQueuedBytes + this.inner.queuedBytes
  }

  send(chunks: readonly Uint8Array[]): void {
    if (this.up === undefined) {
      this.inner.send(chunks)
      return
    }
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
    if (this.queue.length === 0 && (this.channel === 'control' || this.up.isFree)) {
      this.up.spend(bytes)
      this.inner.send(chunks)
    } else if (!this.isClosed) {
      this.queue.push({ chunks, bytes })
      this.ownQueuedBytes += bytes
      if (this.ownQueuedBytes > PACED_QUEUE_BYTES_MAX) this.giveUp()
      else if (this.queue.length === 1) this.up.standInLine(() => this.sendNext())
    }
  }

  async drained(): Promise<void> {
    while (this.ownQueuedBytes >= PACED_QUEUE_BYTES_ROOM && !this.isClosed) {
      this.draining ??= deferred<void>()
      await this.draining.promise
    }
    await this.inner.drained()
  }

  pause(): void {
    this.isPausedByUser = true
    this.inner.pause()
  }

  resume(): void {
    this.isPausedByUser = false
    if (!this.isPausedByPace) this.inner.resume()
  }

  /** What is queued goes at once: a connection that ends waits for nobody. */
  close(reason: string): void {
    for (const { chunks, bytes } of this.queue) {
      this.up?.spend(bytes)
      this.inner.send(chunks)
    }
    this.end()
    this.inner.close(reason)
  }

  /** Whoever asks more than he may be answered, without taking the answers' pace, has no claim to memory. */
  private giveUp(): void {
    this.end()
    this.inner.close('more is to be sent than the pace allows')
  }

  private sendNext(): number | undefined {
    const next = this.queue.shift()
    if (next === undefined) return undefined
    this.up?.spend(next.bytes)
    this.ownQueuedBytes -= next.bytes
    this.inner.send(next.chunks)
    if (this.queue.length > 0) this.up?.standInLine(() => this.sendNext())
    if (this.ownQueuedBytes < PACED_QUEUE_BYTES_ROOM) this.tellRoom()
    return next.bytes
  }

  private received(bytes: number): void {
    const { down } = this
    if (down === undefined) return
    down.spend(bytes)
    if (this.channel === 'control' || this.isPausedByPace || down.isFree) return
    this.isPausedByPace = true
    this.inner.pause()
    down.standInLine(() => this.readOn(bytes))
  }

  /** The next frame is expected to be as long as the last; it is paid for when it has come. */
  private readOn(bytes: number): number | undefined {
    this.isPausedByPace = false
    if (this.isClosed) return undefined
    if (!this.isPausedByUser) this.inner.resume()
    return bytes
  }

  private end(): void {
    this.isClosed = true
    this.queue.length = 0
    this.ownQueuedBytes = 0
    this.tellRoom()
  }

  private tellRoom(): void {
    this.draining?.resolve()
    this.draining = undefined
  }
}
