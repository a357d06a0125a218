/**
 * Which addresses fail together, as somebody who places fragments has it from elsewhere: a table of prefixes and names, such as the
 * numbers of autonomous systems, or of houses and racks. The longest prefix counts.
 */
import { fail, ok, type Result } from '../base/result.ts'
import { addressBits, type AddressBits } from './ipAddress.ts'
import { DOMAIN_LINES_MAX, DOMAIN_NAME_CHARS_MAX } from './limits.ts'

const BITS4 = 32
const BITS6 = 64

interface Prefix<T> {
  readonly first: T
  readonly last: T
  readonly name: string
}

export class DomainMap {
  private readonly four: Segments<number>
  private readonly six: Segments<bigint>

  private constructor(four: Segments<number>, six: Segments<bigint>) {
    this.four = four
    this.six = six
  }

  /**
   * Lines `PREFIX/LENGTH NAME` or `PREFIX LENGTH NAME`, separated by blanks; `#` begins a comment. Of two names for one prefix the later
   * counts. IPv6 prefixes longer than 64 are passed over: they tell hosts apart, not networks. Otherwise the first line that is not so.
   */
  static parse(text: string): Result<DomainMap> {
    const four: Prefix<number>[] = []
    const six: Prefix<bigint>[] = []
    const names = new Map<string, string>()
    let count = 0
    for (const line of linesOf(text)) {
      if (++count > DOMAIN_LINES_MAX) return fail(`it has more than ${String(DOMAIN_LINES_MAX)} lines`)
      if (/^\s*(?:#|$)/.test(line)) continue
      const entry = entryOf(line)
      if (entry === undefined)
        return fail(`line ${String(count)} is not PREFIX/LENGTH NAME, as in 203.0.113.0/24 AS64500`)
      const { address, length } = entry
      const name = ownCopy(entry.name, names)
      if (address.family === 4) four.push(prefix4(address.bits, length, name))
      else if (length <= BITS6) six.push(prefix6(address.bits, length, name))
    }
    return ok(new DomainMap(new Segments(four, (last) => last + 1), new Segments(six, (last) => last + 1n)))
  }

  /** The domain of a numeric address; undefined when no prefix has it. */
  nameOf(host: string): string | undefined {
    const address = addressBits(host)
    if (address === undefined) return undefined
    return address.family === 4 ? this.four.at(address.bits) : this.six.at(address.bits)
  }
}

/** What lies between the borders of prefixes, each with the name of the longest prefix around it; ascending. */
class Segments<T extends number | bigint> {
  private readonly starts: T[] = []
  private readonly names: (string | undefined)[] = []

  constructor(prefixes: readonly Prefix<T>[], after: (last: T) => T) {
    // The shorter of two that begin together comes first, and of two that are the same the earlier.
    const sorted = [...prefixes].sort((a, b) => order(a.first, b.first) || order(b.last, a.last))
    const around: Prefix<T>[] = []
    const close = (): void => {
      const ended = around.pop()
      if (ended !== undefined) this.begin(after(ended.last), around.at(-1)?.name)
    }
    for (const prefix of sorted) {
      while ((around.at(-1)?.last ?? prefix.first) < prefix.first) close()
      this.begin(prefix.first, prefix.name)
      around.push(prefix)
    }
    while (around.length > 0) close()
  }

  at(bits: T): string | undefined {
    let [low, high] = [0, this.starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.starts[middle] as T) <= bits) low = middle + 1
      else high = middle
    }
    return this.names[low - 1]
  }

  private begin(start: T, name: string | undefined): void {
    if (this.starts.at(-1) === start) this.names[this.names.length - 1] = name
    else {
      this.starts.push(start)
      this.names.push(name)
    }
  }
}

/** One string for each name, and none that is a piece of the text: engines keep the whole of it for such a piece. */
function ownCopy(name: string, names: Map<string, string>): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const copy = name.split('').join('')
  names.set(copy, copy)
  return copy
}

function order<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

interface Entry {
  readonly address: AddressBits
  readonly length: number
  readonly name: string
}

const ENTRY = /^\s*([0-9a-f:.]+)(?:\/|\s+)(\d{1,3})\s+(\S+)\s*(?:#.*)?$/i

function entryOf(line: string): Entry | undefined {
  const [, host = '', length = '', name = ''] = ENTRY.exec(line) ?? []
  const address = addressBits(host)
  if (address === undefined || Number(length) > (address.family === 4 ? BITS4 : 128)) return undefined
  return name.length > DOMAIN_NAME_CHARS_MAX ? undefined : { address, length: Number(length), name }
}

/** What lies behind the prefix is passed over: `10.1.2.3/8` is `10.0.0.0/8`. */
function prefix4(bits: number, length: number, name: string): Prefix<number> {
  const size = 2 ** (BITS4 - length)
  const first = bits - (bits % size)
  return { first, last: first + size - 1, name }
}

function prefix6(bits: bigint, length: number, name: string): Prefix<bigint> {
  const size = 1n << BigInt(BITS6 - length)
  const first = bits - (bits % size)
  return { first, last: first + size - 1n, name }
}

/** One at a time: the file may have a million. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const stop = end < 0 ? text.length : end
    yield text.slice(at, stop)
    at = stop + 1
  }
}
