/** Draws from a few favourites and many that hardly anybody wants: the r-th most popular with a chance that falls as 1/r. */
import { assert } from '../src/base/assert.ts'
import type { Random } from '../src/ports/random.ts'

/** Fine enough for ten thousand ranks. */
const FACES = 2 ** 32

export class Zipf {
  private readonly cumulative: Float64Array

  constructor(rankCount: number) {
    assert(rankCount >= 1, 'there is something to draw')
    this.cumulative = new Float64Array(rankCount)
    let sum = 0
    for (let rank = 0; rank < rankCount; rank++) this.cumulative[rank] = sum += 1 / (rank + 1)
    this.cumulative.forEach((each, rank, all) => (all[rank] = each / sum))
  }

  /** A rank from 0. */
  draw(random: Random): number {
    const at = random.integer(FACES) / FACES
    let [low, high] = [0, this.cumulative.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.cumulative[middle] as number) <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}
