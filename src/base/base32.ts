/** RFC 4648 base32 in lower case without padding: survives case folding, host names and being read aloud. */
import type { Bytes } from './bytes.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const VALUES = new Map(Array.from(ALPHABET, (char, value) => [char, value]))

export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((held >>> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  if (bits > 0) text += ALPHABET.charAt((held << (5 - bits)) & 31)
  return text
}

/** The bytes, or undefined when the text is not the one encoding of any bytes (wrong characters, length or spare bits). */
export function fromBase32(text: string): Bytes | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let at = 0
  let bits = 0
  let held = 0
  for (const char of text) {
    const value = VALUES.get(char)
    if (value === undefined) return undefined
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = held >>> bits
      held &= (1 << bits) - 1
    }
  }
  const oneEncoding = bits < 5 && held === 0
  return oneEncoding ? bytes : undefined
}
