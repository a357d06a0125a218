/**
 * A map of whole numbers (0 .. 2^31-1) to such numbers that keeps the order in which its keys came: a Map in half the memory, with
 * nothing in it that the garbage collector must look at.
 */

/** Instead of a number where there is none. */
export const ABSENT = -1

const CAPACITY_FIRST = 8
const SPREAD = 0x9e3779b1

export class NumberMap {
  /** Key and value by turns, in order; a key is ABSENT where one was deleted. */
  private entries = new Int32Array(0)
  /** An open hash table: where in `entries` a key stands, plus 1; 0 where nothing does. Twice as long as there is room. */
  private places = new Int32Array(0)
  private shift = 0
  private usedCount = 0
  private liveCount = 0

  get size(): number {
    return this.liveCount
  }

  /** ABSENT when the key is not there. */
  get(key: number): number {
    const at = this.find(key)
    return at < 0 ? ABSENT : (this.entries[at + 1] as number)
  }

  /** A key that is there keeps its place in the order. Returns the value it had. */
  set(key: number, value: number): number {
    const known = this.find(key)
    if (known >= 0) {
      const before = this.entries[known + 1] as number
      this.entries[known + 1] = value
      return before
    }
    if (2 * this.usedCount === this.entries.length) this.makeRoom()
    const at = 2 * this.usedCount++
    this.liveCount++
    this.entries[at] = key
    this.entries[at + 1] = value
    this.index(key, at)
    return ABSENT
  }

  /** Returns the value that the key had. */
  delete(key: number): number {
    const at = this.find(key)
    if (at < 0) return ABSENT
    this.entries[at] = ABSENT
    this.liveCount--
    return this.entries[at + 1] as number
  }

  /** The values in the order in which their keys came. */
  values(): readonly number[] {
    const values: number[] = []
    for (let at = 0; at < 2 * this.usedCount; at += 2) {
      if (this.entries[at] !== ABSENT) values.push(this.entries[at + 1] as number)
    }
    return values
  }

  clear(): void {
    this.entries = new Int32Array(0)
    this.places = new Int32Array(0)
    this.usedCount = 0
    this.liveCount = 0
  }

  /** Where in `entries` the key stands; ABSENT when it does not. */
  private find(key: number): number {
    const mask = this.places.length - 1
    if (mask < 0) return ABSENT
    for (let at = Math.imul(key, SPREAD) >>> this.shift; ; at = (at + 1) & mask) {
      const place = this.places[at] as number
      if (place === 0) return ABSENT
      if (this.entries[place - 1] === key) return place - 1
    }
  }

  private index(key: number, place: number): void {
    const mask = this.places.length - 1
    let at = Math.imul(key, SPREAD) >>> this.shift
    while (this.places[at] !== 0) at = (at + 1) & mask
    this.places[at] = place + 1
  }

  /** Drops what was deleted; doubles the room unless that was half of it. */
  private makeRoom(): void {
    const before = this.entries
    const capacity = Math.max(CAPACITY_FIRST, 2 * this.liveCount > this.usedCount ? 2 * this.usedCount : this.usedCount)
    this.entries = new Int32Array(2 * capacity)
    this.places = new Int32Array(2 * capacity)
    this.shift = Math.clz32(2 * capacity) + 1
    let kept = 0
    for (let at = 0; at < before.length; at += 2) {
      const key = before[at] as number
      if (key === ABSENT) continue
      this.entries[kept] = key
      this.entries[kept + 1] = before[at + 1] as number
      this.index(key, kept)
      kept += 2
    }
    this.usedCount = kept / 2
  }
}
