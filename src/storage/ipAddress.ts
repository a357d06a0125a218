/** Numeric addresses as numbers, to compare them by prefixes. Absent on purpose: names, ports, zones. */

export type AddressBits =
  | { readonly family: 4; readonly bits: number }
  /** The upper 64 of the 128: networks are no smaller. */
  | { readonly family: 6; readonly bits: bigint }

/** Of an address without brackets; an IPv4 address within an IPv6 one, as in `::ffff:10.0.0.1`, is the former. Undefined for anything else. */
export function addressBits(text: string): AddressBits | undefined {
  if (!text.includes(':')) return address4(text)
  const within = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  if (within !== undefined) return address4(within)
  const groups = groupsOf(text)
  if (groups === undefined) return undefined
  return { family: 6, bits: groups.slice(0, 4).reduce((bits, group) => (bits << 16n) | BigInt(group), 0n) }
}

function address4(text: string): AddressBits | undefined {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? []
  const bytes = parts.map(Number)
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined
  return { family: 4, bits: bytes.reduce((bits, byte) => bits * 256 + byte, 0) }
}

/** The eight groups, of which one run of zeros may be left out (RFC 4291, section 2.2). */
function groupsOf(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  const isComplete = halves.length === 1 ? missing === 0 : missing >= 1
  if (!isComplete || ![...head, ...tail].every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return [...head, ...new Array<string>(missing).fill('0'), ...tail].map((group) => Number.parseInt(group, 16))
}
