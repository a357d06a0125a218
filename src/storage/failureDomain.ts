/**
 * Which nodes are likely to fail together: those of one entry of a table, where one is given, else those of one IPv4 /24 or IPv6 /48. Told
 * by addresses and by whoever places, never by what nodes say of themselves: it would cost them nothing to stand apart.
 */
import type { Contact } from '../ports/connection.ts'
import type { DomainMap } from './domainMap.ts'

/** A name that nodes of one failure domain share. */
export type DomainOf = (contact: Contact) => string

/** By the table where it knows an address, else by the address itself; a node without one is a domain of its own. */
export function failureDomains(map?: Pick<DomainMap, 'nameOf'>): DomainOf {
  return (contact) => {
    const host = hostOf(contact)
    return host === undefined ? contact.id : (map?.nameOf(host) ?? domainOfHost(host))
  }
}

/** By addresses alone. */
export const failureDomain: DomainOf = failureDomains()

function hostOf({ addresses: [address] }: Contact): string | undefined {
  if (address === undefined) return undefined
  const host = /^[a-z0-9+]+:\/\/(\[[^\]]*\]|[^:/]*)/.exec(address)?.[1] ?? address
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** The same of the host that a peer was seen at, IPv6 without brackets: what a node cannot make up, unlike the addresses it announces. */
export function domainOfHost(host: string): string {
  if (host.includes(':') && !host.includes('.')) return first48Bits(host)
  // Also of an IPv4 address within an IPv6 one, as in ::ffff:10.0.0.1.
  return /(\d+\.\d+\.\d+)\.\d+$/.exec(host)?.[1] ?? host
}

/** The first three of the eight groups of an IPv6 address, of which one run of zeros may be left out (RFC 4291, section 2.2). */
function first48Bits(host: string): string {
  const [before = '', after] = host.split('::')
  const groups = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  while (groups.length + tail.length < 8) groups.push('0')
  return [...groups, ...tail]
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
