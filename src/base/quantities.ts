/** Durations and sizes as people write them: `30s`, `1.5h`, `64KiB`, `10GB`. */
import { DAY, GIB, HOUR, KIB, MIB, MINUTE, SECOND } from './units.ts'

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  tib: 1024 * GIB,
}

/** Milliseconds, at least 1; undefined for text that is no duration with a unit. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS)
}

/** Bytes, at least 1; a bare number counts bytes. Undefined for any other text. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, SIZE_UNITS)
}

/** `1.5 MiB`, for people; three digits are enough for them. */
export function printSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit = ''] = /^([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([a-z]*)$/i.exec(text.trim()) ?? []
  const scale = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  if (digits === undefined || scale === undefined) return undefined
  const value = Math.round(Number(digits) * scale)
  return value >= 1 && Number.isSafeInteger(value) ? value : undefined
}
