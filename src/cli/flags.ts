/** What flags may say, parsed where they are read: a wrong one ends the command before it begins. */
import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import { isFailure } from '../base/failure.ts'
import { parseDuration, parseSize, printSize } from '../base/quantities.ts'
import { KIB } from '../base/units.ts'
import { isPuzzle, printPuzzle, PUBLIC_PUZZLE, type IdPuzzle } from '../crypto/idPuzzle.ts'
import { parseContact } from '../daemon/contactText.ts'
import { isMediaType } from '../gateway/mediaTypes.ts'
import type { Contact } from '../ports/connection.ts'
import { INBOUND_CONNECTIONS_MAX } from '../drivers/limits.ts'
import { NETWORK_NAME_CHARS_MAX, RATE_BYTES_PER_S_MIN } from '../wire/limits.ts'
import { CONNECTIONS_ASKED_MIN, DIALS_ASKED_MIN } from './limits.ts'

/** Milliseconds. */
export function duration(text: string): number {
  return parseDuration(text) ?? refuse('a duration looks like 500ms, 30s or 5m')
}

/** Bytes. */
export function size(text: string): number {
  return parseSize(text) ?? refuse('a size looks like 500MB or 20GiB')
}

/** Bytes a second; undefined for 0, which is no bound. */
export function rate(text: string): number | undefined {
  if (text === '0') return undefined
  const bytes = parseSize(text.replace(/\/s$/, '')) ?? 0
  const least = printSize(RATE_BYTES_PER_S_MIN)
  return bytes >= RATE_BYTES_PER_S_MIN
    ? bytes
    : refuse(`a rate looks like 2MB or 500KiB, at least ${least}; 0 is no bound`)
}

export function connectionCount(text: string): number {
  const [least, most] = [CONNECTIONS_ASKED_MIN, INBOUND_CONNECTIONS_MAX]
  return whole(text, least, most) ?? refuse(`a node has ${least} to ${most} connections`)
}

export function dialCount(text: string): number {
  return (
    whole(text, DIALS_ASKED_MIN, 100_000) ?? refuse(`a node makes ${DIALS_ASKED_MIN} to 100000 connections a minute`)
  )
}

export function share(text: string): number {
  const value = /^0?\.[0-9]{1,6}$/.test(text) ? Number(text) : 0
  return value > 0 ? value : refuse('a share of nodes lies between 0 and 1, for example 0.5')
}

export function port(text: string): number {
  return whole(text, 0, 65_535) ?? refuse('a port lies between 0 (any free one) and 65535')
}

export function nodeCount(text: string): number {
  return whole(text, 1, 1000) ?? refuse('a testnet has 1 to 1000 nodes')
}

export function liarCount(text: string): number {
  return whole(text, 0, 1000) ?? refuse('a count of nodes is needed')
}

export function byteRange(text: string): string {
  const [, first, last] = /^([0-9]*)-([0-9]*)$/.exec(text) ?? []
  const isBackwards = first !== '' && last !== '' && Number(first) > Number(last)
  if (first === undefined || text === '-' || isBackwards) {
    return refuse('a range looks like 0-99 (both included), 100- or -50 (the last 50 bytes)')
  }
  return text
}

export function mediaType(text: string): string {
  return isMediaType(text) ? text : refuse('a media type looks like image/png')
}

export function networkName(text: string): string {
  const isGood = text.length >= 1 && text.length <= NETWORK_NAME_CHARS_MAX && !/\p{Cc}/u.test(text)
  return isGood ? text : refuse(`a network's name has 1 to ${NETWORK_NAME_CHARS_MAX} characters`)
}

/** What ids cost: `none`, or memory, passes and zero bits, `16MiB,1,6`. */
export function puzzle(text: string): IdPuzzle | 'none' {
  if (text === 'none') return 'none'
  const [, memory = '', passes, bits] = /^([^,]+),([0-9]{1,3}),([0-9]{1,3})$/.exec(text) ?? []
  const memoryKib = (parseSize(memory) ?? 0) / KIB
  const asked = { memoryKib, passes: Number(passes), difficultyBits: Number(bits) }
  return isPuzzle(asked) ? asked : refuse(`a puzzle is none, or memory, passes and bits: ${printPuzzle(PUBLIC_PUZZLE)}`)
}

/** `HOST:PORT`, the host a numeric address; `[::1]:0` for IPv6. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, six, four, portText = ''] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([0-9]+)$/i.exec(text) ?? []
  const host = six ?? four ?? ''
  if (isIP(host) === 0) return refuse('an address to listen on looks like 0.0.0.0:4101 or [::]:4101')
  return { host, port: port(portText) }
}

/** For a flag that may be given several times. */
export function contacts(text: string, before: readonly Contact[] = []): readonly Contact[] {
  try {
    return [...before, parseContact(text)]
  } catch (error) {
    return refuse(isFailure(error) ? error.message : String(error))
  }
}

function whole(text: string, least: number, most: number): number | undefined {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1
  return value >= least && value <= most ? value : undefined
}

function refuse(why: string): never {
  throw new InvalidArgumentError(why)
}
