/** Dice. In the world they are seeded, so that a run can be repeated; in a real node they are the system's. */
import type { Bytes } from '../base/bytes.ts'

export interface Random {
  /** A whole number in [0, below), each equally likely; `below` in 1 .. 2^32. */
  integer(below: number): number
  bytes(count: number): Bytes
}
