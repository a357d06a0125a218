/**
 * What the simulated transports share: the clock, the links, the trace, and which machine answers at which address.
 * Absent on purpose: what a message means (simTransport.ts, objectNetwork.ts) and who crashes when (world.ts).
 */
import { assert } from '../base/assert.ts'
import type { NodeId } from '../base/id.ts'
import { SECOND } from '../base/units.ts'
import type { Address, Channel, Contact } from '../ports/connection.ts'
import type { Lifetime } from './lifetime.ts'
import type { Links } from './links.ts'
import type { SimConnection } from './simConnection.ts'
import type { ObjectNetwork } from './objectNetwork.ts'
import { TieBook } from './tieBook.ts'
import type { Trace } from './trace.ts'
import type { VirtualClock } from './virtualClock.ts'

/** A simulated machine and what answers there now. */
export interface Host {
  readonly node: number
  /** An IPv4 address, what diversity limits see. */
  name: string
  address: Address
  /** The identity that is proven to whoever connects. */
  id: NodeId
  /** Made when it is asked for; see {@link contactOf}. */
  contact: Contact | undefined
  /** The process that runs here now. */
  life: Lifetime | undefined
  /** Off the network altogether: what is sent here meets silence, not a refusal. */
  vanished: boolean
  /** Nothing reaches it but over connections that it has made itself: what it has not asked for meets silence. */
  readonly isBehindNat: boolean
  /** Takes connections, once its process listens. */
  listener: ((dialler: SimConnection, from: Host) => void) | undefined
  /** Takes requests as objects, once its process has started it. */
  objects: ObjectNetwork | undefined
}

/**
 * How long a sender with unanswered data waits before it gives its connection up. Real systems are set to between 20 s and
 * several minutes (TCP_USER_TIMEOUT).
 */
export const SILENCE_MS_MAX = 60 * SECOND

export class Fabric {
  readonly clock: VirtualClock
  readonly links: Links
  readonly trace: Trace
  readonly ties = new TieBook<ObjectNetwork>()
  /** By their numbers, which their addresses end in. */
  private readonly hosts: (Host | undefined)[] = []
  private readonly bugs: Error[] = []
  private spare: AbortController | undefined

  constructor(clock: VirtualClock, links: Links, trace: Trace) {
    this.clock = clock
    this.links = links
    this.trace = trace
  }

  addHost(host: Host): void {
    assert(this.hosts[host.node] === undefined, 'one machine a number')
    this.hosts[host.node] = host
  }

  /** The machine is at another address from now on, and nobody at the old one. */
  moveHost(host: Host, name: string): void {
    host.name = name
    host.address = simAddress(name, host.node)
  }

  hostAt(address: Address): Host | undefined {
    const host = this.hosts[nodeOf(address)]
    return host?.address === address ? host : undefined
  }

  /** The machine at the first address that exists. */
  hostOf(addresses: readonly Address[]): Host | undefined {
    for (const address of addresses) {
      const host = this.hostAt(address)
      if (host !== undefined) return host
    }
    return undefined
  }

  /** Whether what `from` sends at this moment can reach the machine of `to`. */
  canReach(from: Host, to: Host): boolean {
    return !to.vanished && !from.vanished && !this.links.isCut(from.node, to.node)
  }

  /** Whether a connection that `from` wants to make at this moment gets to the machine of `to`. */
  canDial(from: Host, to: Host): boolean {
    return this.canReach(from, to) && (!to.isBehindNat || from === to)
  }

  /** When `bytes` that `from` sends now are at `to`, in elapsed time. `trips` is how many one-way trips it takes. */
  arrivalMs(from: Host, to: Host, bytes: number, channel: Channel, trips = 1): number {
    const departureMs = this.links.departureMs(from.node, bytes, channel, this.clock.elapsedMs)
    let arrivalMs = departureMs + this.links.transitMs(from.node, to.node, departureMs)
    if (trips > 1) arrivalMs += (trips - 1) * this.links.baseMs(from.node, to.node)
    return arrivalMs
  }

  /** For the next handler that is called. Nearly all answer at once and leave it as it was; for one that does not it is taken. */
  spareController(): AbortController {
    return (this.spare ??= new AbortController())
  }

  takeSpareController(): void {
    this.spare = undefined
  }

  /** Takes a defect of node code that nothing else would surface; the world stops at the next step. */
  reportBug(error: unknown): void {
    this.bugs.push(error instanceof Error ? error : new Error(String(error)))
  }

  /** The first defect that was reported and not yet taken. */
  takeBug(): Error | undefined {
    return this.bugs.shift()
  }
}

/** How a machine is reached now: one object as long as that is so, since worlds hand it out by the million. */
export function contactOf(host: Host): Contact {
  const { contact, id, address } = host
  if (contact?.id === id && contact.addresses[0] === address) return contact
  return (host.contact = { id, addresses: [address] })
}

/** Where a machine with this name and number is reached. */
export function simAddress(name: string, node: number): Address {
  return `sim://${name}:${node}`
}

/** Enough for any world. */
const NODE_DIGITS_MAX = 8

/** The number that an address ends in, read backwards; what it says of an address that is not simulated means nothing. */
function nodeOf(address: Address): number {
  let node = 0
  let scale = 1
  for (let at = address.length - 1; at >= 0 && scale < 10 ** NODE_DIGITS_MAX; at--) {
    const digit = address.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) break
    node += digit * scale
    scale *= 10
  }
  return node
}
