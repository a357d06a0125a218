/**
 * Who sends what has to be refused is listened to more slowly: a request's body is received before it can be refused, and whoever goes
 * on sending at full speed would keep the node from its other peers. Reading from his connections pauses, so that his bytes wait with
 * him; all that he has connected, also anew, pays for the same refused bytes.
 */
import type { NodeId } from '../base/id.ts'
import { SECOND } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Connection } from '../ports/connection.ts'
import { HELD_BACK_MAX, HELD_BACK_MS_MAX, REFUSED_BYTES_PER_S } from './limits.ts'

export class HoldBack {
  private readonly clock: Clock
  /** When a peer's refused bytes are paid for, longest unchanged first. */
  private readonly paidMs = new Map<NodeId, number>()
  /** Connections that are not read now, and what cancels their going on. */
  private readonly held = new Map<Connection, () => void>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** A request with a body of so many bytes, over this connection, was refused. One that has ended meanwhile is not read anyway. */
  onRefused(connection: Connection, bytes: number, isOpen: boolean): void {
    if (bytes === 0) return
    const nowMs = this.clock.now()
    const before = Math.max(nowMs, this.paidMs.get(connection.peer) ?? nowMs)
    this.paidMs.delete(connection.peer)
    const paidMs = before + (bytes / REFUSED_BYTES_PER_S) * SECOND
    this.paidMs.set(connection.peer, Math.min(paidMs, nowMs + HELD_BACK_MS_MAX))
    const [oldest] = this.paidMs.keys()
    if (this.paidMs.size > HELD_BACK_MAX && oldest !== undefined) this.paidMs.delete(oldest)
    if (isOpen) this.hold(connection)
  }

  /** A connection with a peer, who may owe for what he sent over another. */
  onReady(connection: Connection): void {
    if (this.paidMs.size > 0) this.hold(connection)
  }

  onClosed(connection: Connection): void {
    this.held.get(connection)?.()
    this.held.delete(connection)
  }

  private hold(connection: Connection): void {
    if (this.held.has(connection)) return
    const waitMs = (this.paidMs.get(connection.peer) ?? 0) - this.clock.now()
    if (waitMs <= 0) return
    connection.pause()
    const cancel = this.clock.after(waitMs, () => {
      this.held.delete(connection)
      this.hold(connection)
      if (!this.held.has(connection)) connection.resume()
    })
    this.held.set(connection, cancel)
  }
}
