/**
 * So many bytes a second over all connections together, in one direction. Connections that want to go on stand in line and get a turn
 * each, so that none is served before another twice; a turn moves a whole frame, whose bytes are a debt that the line waits for. One
 * timer serves all. Absent on purpose: what a turn does, and what goes without one (pacedTransport.ts).
 */
import { TokenBucket } from '../base/tokenBucket.ts'
import { SECOND } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import { PACE_MS_MIN, PACE_SAVED_BYTES_MIN, PACE_SAVED_MS } from './limits.ts'

/** Moves one frame and says how many bytes it has or is expected to have; undefined when there is nothing to move any more. */
export type Turn = () => number | undefined

export class Pacer {
  private readonly clock: Clock
  private readonly bucket: TokenBucket
  private readonly line: Turn[] = []
  private cancelTimer: (() => void) | undefined

  constructor(clock: Clock, bytesPerSecond: number) {
    this.clock = clock
    const savedMax = Math.max(PACE_SAVED_BYTES_MIN, bytesPerSecond * (PACE_SAVED_MS / SECOND))
    this.bucket = new TokenBucket({ perSecond: bytesPerSecond, savedMax })
  }

  /** Whether a frame may be moved now without standing in line. */
  get isFree(): boolean {
    return this.line.length === 0 && this.bucket.levelAt(this.clock.now()) > 0
  }

  /** These bytes have been moved. */
  spend(bytes: number): void {
    this.bucket.spend(bytes, this.clock.now())
  }

  /** Calls `turn` once, in the order of asking, when bytes may be moved. */
  standInLine(turn: Turn): void {
    this.line.push(turn)
    this.serveLater()
  }

  close(): void {
    this.cancelTimer?.()
    this.line.length = 0
  }

  private serveLater(): void {
    if (this.cancelTimer !== undefined || this.line.length === 0) return
    const waitMs = Math.max(PACE_MS_MIN, this.bucket.waitMs(1, this.clock.now()))
    this.cancelTimer = this.clock.after(waitMs, () => {
      this.cancelTimer = undefined
      this.serve()
      this.serveLater()
    })
  }

  private serve(): void {
    let credit = this.bucket.levelAt(this.clock.now())
    while (credit > 0) {
      const turn = this.line.shift()
      if (turn === undefined) return
      credit -= turn() ?? 0
    }
  }
}
