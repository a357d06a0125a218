/**
 * Which network an address belongs to, as far as one can tell without a map: what address-diversity limits count. An attacker gets
 * a thousand ids for nothing, and addresses in a thousand networks not quite so easily.
 */
import type { Contact } from '../ports/connection.ts'

/** A number for each IPv4 /24 (its 24 bits), and one above those for each IPv6 /48 or host of another form. */
export type Subnet = number

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/
const IPV4_SUBNETS = 2 ** 24
const IPV6_GROUPS = 3
const MAPPED_IPV4 = '::ffff:'

/** The subnet of the host that a contact was seen at, or else of the first address it is known under. */
export function subnetOf(contact: Contact, seenAt?: string): Subnet {
  return subnetOfHost(seenAt ?? hostOf(contact.addresses[0] ?? ''))
}

export function subnetOfHost(host: string): Subnet {
  const plain = host.startsWith(MAPPED_IPV4) ? host.slice(MAPPED_IPV4.length) : host
  const v4 = IPV4.exec(plain)
  if (v4 !== null) return Number(v4[1]) * 65_536 + Number(v4[2]) * 256 + Number(v4[3])
  return IPV4_SUBNETS + hashOf(plain.includes(':') ? expanded(plain).slice(0, IPV6_GROUPS).join(':') : plain)
}

/** What is wider than the subnet: the IPv4 /16; any other is its own. */
export function networkOf(subnet: Subnet): number {
  return subnet < IPV4_SUBNETS ? subnet >> 8 : subnet
}

/** `tls://10.0.0.1:4101` and `tls://[2001:db8::1]:4101` without scheme and port. */
function hostOf(address: string): string {
  const authority = address.slice(address.indexOf('//') + 2)
  if (authority.startsWith('[')) return authority.slice(1, authority.indexOf(']'))
  const colon = authority.lastIndexOf(':')
  return colon < 0 ? authority : authority.slice(0, colon)
}

/** The groups of an IPv6 address before its `::`, which is as far as a /48 reaches in all but odd cases. */
function expanded(address: string): readonly string[] {
  const [before = ''] = address.split('::')
  const groups = before.split(':').map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
  return [...groups, '0', '0', '0']
}

/** FNV-1a, into what fits a small integer. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 3
}
