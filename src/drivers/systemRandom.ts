/** The Random port on the system's generator. */
import { randomFillSync } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { readU32, type Bytes } from '../base/bytes.ts'
import type { Random } from '../ports/random.ts'

/** One call into the system serves a thousand integers. */
const POOL_BYTES = 4096
const RANGE = 2 ** 32

export class SystemRandom implements Random {
  private readonly pool = new Uint8Array(POOL_BYTES)
  private used = POOL_BYTES

  integer(below: number): number {
    assert(Number.isInteger(below) && below >= 1 && below <= RANGE, 'integer() takes 1 .. 2^32')
    // Draws beyond the last whole multiple of `below` would favour small results.
    const fairBelow = RANGE - (RANGE % below)
    for (;;) {
      const draw = this.u32()
      if (draw < fairBelow) return draw % below
    }
  }

  /** Straight from the system, never from the pool: these become keys, and the pool outlives them. */
  bytes(count: number): Bytes {
    return randomFillSync(new Uint8Array(count))
  }

  private u32(): number {
    if (this.used === POOL_BYTES) {
      randomFillSync(this.pool)
      this.used = 0
    }
    const draw = readU32(this.pool, this.used)
    this.used += 4
    return draw
  }
}
