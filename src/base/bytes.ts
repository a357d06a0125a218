/** Byte arrays: joining, comparing, hex and big-endian integers. Everything is a Uint8Array; Buffer does not exist here. */

/** A byte array over an ordinary (not shared) buffer. */
export type Bytes = Uint8Array<ArrayBuffer>

export const EMPTY: Bytes = new Uint8Array(0)

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Equality of public bytes; not constant-time, so never for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Arguments of one call, well below what any engine's stack holds. */
const BYTES_IN_HEX_AT_ONCE = 1024

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += BYTES_IN_HEX_AT_ONCE) {
    text += digitsOf(bytes.subarray(from, from + BYTES_IN_HEX_AT_ONCE))
  }
  return text
}

/** One flat string: joined two digits at a time it would be a rope of 30 pieces until somebody reads it. */
function digitsOf(bytes: Uint8Array): string {
  const codes: number[] = []
  for (const byte of bytes) codes.push(digitCode(byte >> 4), digitCode(byte & 15))
  return String.fromCharCode(...codes)
}

/** The character code of a lower-case hex digit, 0..15. */
function digitCode(digit: number): number {
  return digit < 10 ? 48 + digit : 87 + digit
}

/** The bytes of an even number of lower-case hex digits, or undefined for any other text. */
export function fromHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i))
    const low = hexDigit(text.charCodeAt(2 * i + 1))
    if (high < 0 || low < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/** 0..15 for the character code of a lower-case hex digit, -1 otherwise. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

/** `value` (0 .. 2^32-1) as four big-endian bytes at `at`. */
export function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

/** Four big-endian bytes at `at`; bytes beyond the end count as 0, so check the length first. */
export function readU32(from: Uint8Array, at: number): number {
  return (
    (((from[at] ?? 0) << 24) | ((from[at + 1] ?? 0) << 16) | ((from[at + 2] ?? 0) << 8) | (from[at + 3] ?? 0)) >>> 0
  )
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** The text, or undefined when the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
