/** A running digest of everything that happens in a world: equal digests mean equal runs. */
import { FastHash } from './fastHash.ts'

export class Trace {
  private readonly hash = new FastHash()
  private readonly kindWords = new Map<string, number>()
  private count = 0

  /** Events recorded so far. */
  get eventCount(): number {
    return this.count
  }

  /** `kind` names what happened, `from` and `to` are nodes (-1 for none), `size` bytes or any other number that tells. */
  record(atMs: number, kind: string, from: number, to: number, size: number): void {
    this.count++
    this.hash.float(atMs).word(this.wordOf(kind)).word(from).word(to).float(size)
  }

  /** 32 hex digits. */
  digest(): string {
    return this.hash.hex()
  }

  private wordOf(kind: string): number {
    let word = this.kindWords.get(kind)
    if (word === undefined) {
      word = new FastHash().text(kind).words()[0]
      this.kindWords.set(kind, word)
    }
    return word
  }
}
