/**
 * Addresses of the form `tls://203.0.113.7:4101` and `tls://[2001:db8::7]:4101`. Only IP literals: a name in a stranger's gossip
 * would make this node ask a resolver for it.
 */
import { isIP } from 'node:net'
import type { Address } from '../ports/connection.ts'

export interface TlsAddress {
  /** An IPv4 or IPv6 literal, without brackets. */
  readonly host: string
  readonly port: number
}

const FORM = /^tls:\/\/(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([1-9][0-9]{0,4})$/

/** Undefined for every text that is not such an address, other transports' addresses among them. */
export function parseTlsAddress(address: Address): TlsAddress | undefined {
  const [, six, four, portText] = FORM.exec(address) ?? []
  const port = Number(portText)
  if (!(port <= 65535)) return undefined
  if (six !== undefined && isIP(six) === 6) return { host: six, port }
  if (four !== undefined && isIP(four) === 4) return { host: four, port }
  return undefined
}

export function formatTlsAddress({ host, port }: TlsAddress): Address {
  return `tls://${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`
}

/** The host as text that is the same whichever socket family saw it: IPv4 in IPv6 clothing is IPv4. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && isIP(host.slice(7)) === 4 ? host.slice(7) : host
}
