/**
 * One bucket of the routing table: contacts that answered us (tried), and those that could take their places (new). A live contact
 * is never displaced by a newcomer, with one exception: a guest, who shares its network with more contacts than a table should
 * depend on, makes way for somebody from elsewhere.
 */
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import {
  BUCKET_SIZE,
  PER_NETWORK,
  PER_NETWORK_AND_BUCKET,
  PER_SUBNET,
  PER_SUBNET_AND_BUCKET,
  REPLACEMENTS_MAX,
} from './limits.ts'
import { networkOf, type Subnet } from './subnet.ts'

export interface KnownContact extends Contact {
  readonly lastHeardMs: number
  /** When it first answered, in this run or an earlier one. */
  readonly sinceMs: number
}

/** A contact that answered us. Kept as one object as long as it stays, since a table hears from its contacts all the time. */
export interface Tried extends KnownContact {
  /** What others are told: the same object until its addresses change. */
  contact: Contact
  addresses: Contact['addresses']
  lastHeardMs: number
  readonly subnet: Subnet
  /** The id's first 32 bits. */
  readonly prefix: number
}

export interface Replacement {
  readonly contact: Contact
  /** It answered us when the bucket was full; the others were only mentioned. */
  readonly answered: boolean
}

/** Networks with as many contacts in a table as they may have, or more; nearly always none. */
export interface Crowds {
  readonly subnets: ReadonlyMap<Subnet, number>
  readonly networks: ReadonlyMap<number, number>
}

const NONE: ReadonlyMap<number, number> = new Map()

export class Bucket {
  /** Longest known first. */
  readonly live: Tried[] = []
  /** Most recent last. */
  private replacements: Replacement[] = []

  get isFull(): boolean {
    return this.live.length >= BUCKET_SIZE
  }

  get isWaitedFor(): boolean {
    return this.replacements.length > 0
  }

  find(id: NodeId): Tried | undefined {
    for (const each of this.live) if (each.id === id) return each
    return undefined
  }

  /** Takes the contact in where there is room. `crowds` tells of the whole table. */
  add(tried: Tried, crowds: () => Crowds): 'added' | 'displaced a guest' | 'waiting' {
    if (!this.isFull) {
      this.forget(tried.id)
      this.live.push(tried)
      return 'added'
    }
    const guest = this.guestFor(tried, crowds())
    if (guest === undefined) {
      this.addReplacement({ contact: tried.contact, answered: true })
      return 'waiting'
    }
    this.forget(tried.id)
    this.remove(guest.id)
    this.live.push(tried)
    this.addReplacement({ contact: guest.contact, answered: true })
    return 'displaced a guest'
  }

  mention(contact: Contact): void {
    // Words are free: they never displace what is waiting already.
    if (this.replacements.length >= REPLACEMENTS_MAX || this.find(contact.id) !== undefined) return
    const known = this.replacements.find((each) => each.contact.id === contact.id)
    if (known === undefined) this.replacements.push({ contact, answered: false })
  }

  remove(id: NodeId): Tried | undefined {
    const at = this.live.findIndex((each) => each.id === id)
    return at < 0 ? undefined : this.live.splice(at, 1)[0]
  }

  forget(id: NodeId): void {
    if (this.replacements.some((each) => each.contact.id === id)) {
      this.replacements = this.replacements.filter((each) => each.contact.id !== id)
    }
  }

  /** Those that answered before those that were only mentioned, and the newest of each first. */
  waiting(): readonly Contact[] {
    const newestFirst = [...this.replacements].reverse()
    const answered = newestFirst.filter((each) => each.answered)
    return [...answered, ...newestFirst.filter((each) => !each.answered)].map((each) => each.contact)
  }

  /** One that was only mentioned. */
  untried(dice: number): Contact | undefined {
    const untried = this.replacements.filter((each) => !each.answered)
    return untried[dice % Math.max(1, untried.length)]?.contact
  }

  private addReplacement(replacement: Replacement): void {
    const known = this.replacements.find((each) => each.contact.id === replacement.contact.id)
    if (known?.answered === true) return
    if (known !== undefined) this.forget(replacement.contact.id)
    if (this.replacements.length >= REPLACEMENTS_MAX) {
      const oldest = this.replacements.findIndex((each) => !each.answered)
      this.replacements.splice(Math.max(0, oldest), 1)
    }
    this.replacements.push(replacement)
  }

  /** The newest live contact from a network that has more than its share, if the newcomer's own has not. */
  private guestFor(newcomer: Tried, crowds: Crowds): Tried | undefined {
    if (this.isCrowded(newcomer, crowds, 1)) return undefined
    return this.live.findLast((each) => this.isCrowded(each, crowds, 0))
  }

  /** Whether with `more` of its kind the contact's subnet or network would have more than its share, here or in the whole table. */
  private isCrowded({ subnet }: Tried, crowds: Crowds, more: number): boolean {
    const network = networkOf(subnet)
    let [sameSubnet, sameNetwork] = [more, more]
    for (const each of this.live) {
      if (each.subnet === subnet) sameSubnet++
      if (networkOf(each.subnet) === network) sameNetwork++
    }
    return (
      sameSubnet > PER_SUBNET_AND_BUCKET ||
      sameNetwork > PER_NETWORK_AND_BUCKET ||
      (crowds.subnets.get(subnet) ?? 0) + more > PER_SUBNET ||
      (crowds.networks.get(network) ?? 0) + more > PER_NETWORK
    )
  }
}

/** How many contacts of `live` each subnet and network has, where that is no less than its share. */
export function crowdsOf(live: Iterable<Tried>): Crowds {
  const subnets = new Map<Subnet, number>()
  const networks = new Map<number, number>()
  for (const { subnet } of live) {
    subnets.set(subnet, (subnets.get(subnet) ?? 0) + 1)
    networks.set(networkOf(subnet), (networks.get(networkOf(subnet)) ?? 0) + 1)
  }
  return { subnets: atLeast(subnets, PER_SUBNET), networks: atLeast(networks, PER_NETWORK) }
}

function atLeast(counts: ReadonlyMap<number, number>, least: number): ReadonlyMap<number, number> {
  const many = [...counts].filter(([, count]) => count >= least)
  return many.length === 0 ? NONE : new Map(many)
}
