/**
 * One end of a simulated connection. Behaves as TCP: frames arrive in order or not at all; over a cut they wait and are
 * tried again ever more rarely, until the sender gives up; a peer whose process is gone answers with a reset.
 */
import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import { KIB } from '../base/units.ts'
import { FRAME_BYTES_MAX, type Channel, type Connection } from '../ports/connection.ts'
import type { Happening } from './eventQueue.ts'
import { SILENCE_MS_MAX, type Fabric, type Host } from './fabric.ts'
import { WORLD_LIFE, type Lifetime } from './lifetime.ts'
import { RETRANSMIT_MS_MAX, RETRANSMIT_MS_MIN } from './links.ts'

/** What the network takes from a sender before it is delivered, about what socket buffers on both sides hold. */
const WINDOW_BYTES = 256 * KIB
/** The cost of a frame's own head and its packet's, so that empty frames are not free. */
const FRAME_OVERHEAD_BYTES = 64

/**
 * What travels as one: the word that the connection stands, frames of one instant, or the end of the connection. It is itself what
 * happens when it is there.
 */
class Parcel implements Happening {
  readonly kind: 'open' | 'frames' | 'end'
  readonly sentMs: number
  readonly departsMs: number
  readonly arrivesMs: number
  readonly frames: Uint8Array[]
  bytes: number
  /** Sent right after it, over the same connection. */
  next: Parcel | undefined
  private readonly sender: SimConnection

  constructor(
    sender: SimConnection,
    kind: Parcel['kind'],
    times: { readonly sentMs: number; readonly departsMs: number; readonly arrivesMs: number },
    frames: Uint8Array[],
    bytes: number,
  ) {
    this.sender = sender
    this.kind = kind
    this.sentMs = times.sentMs
    this.departsMs = times.departsMs
    this.arrivesMs = times.arrivesMs
    this.frames = frames
    this.bytes = bytes
  }

  get life(): Lifetime {
    return WORLD_LIFE
  }

  isOff(): boolean {
    return false
  }

  happen(): void {
    this.sender.onDue()
  }
}

export interface SimConnectionEnd {
  readonly fabric: Fabric
  readonly here: Host
  readonly there: Host
  /** Whose connection it is; silent once that life has ended. */
  readonly life: Lifetime
  readonly channel: Channel
  readonly outgoing: boolean
  /** Told once, on the dialling end, when the peer's word has come that the connection stands. */
  readonly onOpen: () => void
  /** Told once when this end is closed, before `onClose` is. */
  readonly onEnd: (connection: SimConnection) => void
}

export class SimConnection implements Connection {
  readonly peer: NodeId
  readonly channel: Channel
  readonly outgoing: boolean
  readonly remoteHost: string
  onFrame: (frame: Uint8Array) => void = () => undefined
  onClose: (reason: string) => void = () => undefined
  private readonly end: SimConnectionEnd
  private far: SimConnection | undefined
  /** What has been sent and is not there yet, in the order of sending. */
  private firstUnderWay: Parcel | undefined
  private lastUnderWay: Parcel | undefined
  private underWayBytes = 0
  private stalledSinceMs: number | undefined
  private draining: Deferred<void> | undefined
  private isOpen = true
  private isPaused = false

  constructor(end: SimConnectionEnd) {
    this.end = end
    this.peer = end.there.id
    this.channel = end.channel
    this.outgoing = end.outgoing
    this.remoteHost = end.there.name
  }

  /** Joins the dialling end and the accepting one, which sends word of it ahead of everything else. */
  static join(dialler: SimConnection, accepter: SimConnection): void {
    dialler.far = accepter
    accepter.far = dialler
    accepter.dispatch('open')
  }

  get queuedBytes(): number {
    return this.isOpen ? Math.max(0, this.underWayBytes - WINDOW_BYTES) : 0
  }

  send(chunks: readonly Uint8Array[]): void {
    if (!this.alive) return
    const frame = concat(...chunks)
    assert(frame.length <= FRAME_BYTES_MAX, `a frame has at most ${FRAME_BYTES_MAX} bytes`)
    const bytes = frame.length + FRAME_OVERHEAD_BYTES
    this.underWayBytes += bytes
    const last = this.lastUnderWay
    const isSameInstant = last?.sentMs === this.end.fabric.clock.elapsedMs && last.departsMs === last.sentMs
    if (isSameInstant && last.kind === 'frames') {
      last.frames.push(frame)
      last.bytes += bytes
      return
    }
    this.dispatch('frames', [frame], bytes)
  }

  drained(): Promise<void> {
    if (this.queuedBytes === 0) return Promise.resolve()
    this.draining ??= deferred<void>()
    return this.draining.promise
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    const { clock } = this.end.fabric
    clock.scheduleForWorld(clock.elapsedMs, () => this.far?.onDue())
  }

  close(reason: string): void {
    if (!this.alive) return
    this.dispatch('end')
    this.finish(reason)
  }

  /** The process behind this end is gone without a word: what has left is still delivered, then the peer gets a reset. */
  crash(): void {
    const { fabric, here } = this.end
    if (!this.isOpen) return
    this.isOpen = false
    this.dropFrom(here.vanished ? -Infinity : fabric.clock.elapsedMs)
    this.sendReset()
  }

  private get hasUnderWay(): boolean {
    return this.firstUnderWay !== undefined
  }

  private get takesNothing(): boolean {
    return this.isPaused && this.alive
  }

  private get alive(): boolean {
    return this.isOpen && !this.end.life.ended
  }

  private dispatch(kind: Parcel['kind'], frames: Uint8Array[] = [], bytes = FRAME_OVERHEAD_BYTES): void {
    const { fabric, here, there } = this.end
    const sentMs = fabric.clock.elapsedMs
    const departsMs = fabric.links.departureMs(here.node, bytes, this.channel, sentMs)
    const ownArrivalMs = departsMs + fabric.links.transitMs(here.node, there.node, departsMs)
    const last = this.lastUnderWay
    const arrivesMs = Math.max(ownArrivalMs, last?.arrivesMs ?? 0)
    const parcel = new Parcel(this, kind, { sentMs, departsMs, arrivesMs }, frames, bytes)
    if (last === undefined) this.firstUnderWay = parcel
    else last.next = parcel
    this.lastUnderWay = parcel
    fabric.clock.scheduleHappening(arrivesMs, parcel)
  }

  /** A parcel could be there now. */
  onDue(): void {
    if (this.stalledSinceMs === undefined) this.deliverDue(RETRANSMIT_MS_MIN)
  }

  /** What would leave after this moment never does. */
  private dropFrom(departureMs: number): void {
    let last: Parcel | undefined
    for (let parcel = this.firstUnderWay; parcel !== undefined; parcel = parcel.next) {
      if (parcel.departsMs > departureMs) break
      last = parcel
    }
    if (last === undefined) this.firstUnderWay = undefined
    else last.next = undefined
    this.lastUnderWay = last
  }

  /** Hands over what has arrived by now; over a cut, tries again after `retryMs`. */
  private deliverDue(retryMs: number): void {
    const { fabric, here, there } = this.end
    const nowMs = fabric.clock.elapsedMs
    if (this.firstUnderWay === undefined) return
    if (!fabric.canReach(here, there)) {
      this.stall(nowMs, retryMs)
      return
    }
    this.stalledSinceMs = undefined
    for (;;) {
      const parcel: Parcel | undefined = this.firstUnderWay
      if (parcel === undefined || parcel.arrivesMs > nowMs || this.far?.takesNothing === true) break
      this.firstUnderWay = parcel.next
      if (parcel.next === undefined) this.lastUnderWay = undefined
      this.underWayBytes -= parcel.bytes
      fabric.trace.record(nowMs, parcel.kind, here.node, there.node, parcel.bytes)
      this.far?.accept(parcel)
      if (parcel.kind === 'open' && this.hasUnderWay) {
        // Frames that come with the word that the connection stands wait until the dialler has been told of it.
        fabric.clock.scheduleForWorld(nowMs, () => {
          this.deliverDue(retryMs)
        })
        break
      }
    }
    this.releaseWaiters()
  }

  private stall(nowMs: number, retryMs: number): void {
    this.stalledSinceMs ??= nowMs
    if (nowMs - this.stalledSinceMs >= SILENCE_MS_MAX) {
      this.dropFrom(-Infinity)
      this.finish('the peer has been silent too long')
      return
    }
    this.end.fabric.clock.scheduleForWorld(nowMs + retryMs, () => {
      this.deliverDue(Math.min(2 * retryMs, RETRANSMIT_MS_MAX))
    })
  }

  private accept(parcel: Parcel): void {
    if (!this.alive) {
      if (parcel.kind !== 'end') this.sendReset()
      return
    }
    if (parcel.kind === 'open') this.end.onOpen()
    if (parcel.kind === 'end') this.finish('closed by the peer')
    for (const frame of parcel.frames) {
      if (this.alive) this.onFrame(frame)
    }
  }

  /** How TCP answers data for a process that is gone or has closed its end. It does not overtake what was sent before. */
  private sendReset(): void {
    const { fabric, here, there } = this.end
    const ownArrivalMs = fabric.arrivalMs(here, there, FRAME_OVERHEAD_BYTES, this.channel)
    const arrivalMs = Math.max(ownArrivalMs, this.lastUnderWay?.arrivesMs ?? 0)
    fabric.clock.scheduleForWorld(arrivalMs, () => {
      if (fabric.canReach(here, there)) this.far?.onReset()
    })
  }

  private onReset(): void {
    if (!this.alive) return
    this.dropFrom(-Infinity)
    this.finish('reset by the peer')
  }

  private finish(reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.end.onEnd(this)
    this.releaseWaiters()
    const { fabric, life } = this.end
    fabric.clock.schedule(fabric.clock.elapsedMs, life, () => {
      this.onClose(reason)
    })
  }

  private releaseWaiters(): void {
    if (this.draining === undefined || this.queuedBytes > 0 || this.end.life.ended) return
    this.draining.resolve()
    this.draining = undefined
  }
}
