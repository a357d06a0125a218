/**
 * What the simulated transports share: the clock, the links, the trace, and which machine answers at which address.
 * Absent on purpose: what a message means (simTransport.ts, objectNetwork.ts) and who crashes when (world.ts).
 */
import { assert } from '../base/assert.ts'
import type { NodeId } from '../base/id.ts'
import { SECOND } from '../base/units.ts'
import type { Address, Channel } from '../ports/connection.ts'
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
  readonly ties = new TieBook()
  private readonly hosts = new Map<Address, Host>()
  private readonly bugs: Error[] = []

  constructor(clock: VirtualClock, links: Links, trace: Trace) {
    this.clock = clock
    this.links = links
    this.trace = trace
  }

  addHost(host: Host): void {
    assert(!this.hosts.has(host.address), 'one machine an address')
    this.hosts.set(host.address, host)
  }

  /** The machine is at another address from now on, and nobody at the old one. */
  moveHost(host: Host, name: string): void {
    this.hosts.delete(host.address)
    host.name = name
    host.address = simAddress(name, host.node)
    this.addHost(host)
  }

  hostAt(address: Address): Host | undefined {
    return this.hosts.get(address)
  }

  /** The machine at the first address that exists. */
  hostOf(addresses: readonly Address[]): Host | undefined {
    for (const address of addresses) {
      const host = this.hosts.get(address)
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

  /** Takes a defect of node code that nothing else would surface; the world stops at the next step. */
  reportBug(error: unknown): void {
    this.bugs.push(error instanceof Error ? error : new Error(String(error)))
  }

  /** The first defect that was reported and not yet taken. */
  takeBug(): Error | undefined {
    return this.bugs.shift()
  }
}

/** Where a machine with this name and number is reached. */
export function simAddress(name: string, node: number): Address {
  return `sim://${name}:${node}`
}
