/** Which nodes are likely to fail together: those of one IPv4 /24 or IPv6 /48, as far as their addresses tell. */
import type { Contact } from '../ports/connection.ts'

/** A name that nodes of one failure domain share; a node without an address is a domain of its own. */
export function failureDomain(contact: Contact): string {
  const address = contact.addresses[0]
  if (address === undefined) return contact.id
  const host = /^[a-z0-9+]+:\/\/(\[[^\]]*\]|[^:/]*)/.exec(address)?.[1] ?? address
  if (host.startsWith('[')) return host.slice(1, -1).split(':').slice(0, 3).join(':')
  const octets = host.split('.')
  return octets.length === 4 ? octets.slice(0, 3).join('.') : host
}
