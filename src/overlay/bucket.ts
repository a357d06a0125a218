/**
 * One bucket of the routing table: contacts that answered us (tried), and those that could take their places (new). A live contact
 * is never displaced by a newcomer, with one exception: a guest, who shares its network with more contacts than a table should
 * depend on, makes way for somebody from elsewhere.
 */
import { idPrefix, type NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { Crowds } from './crowds.ts'
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
}

export class Bucket {
  /** Longest known first. */
  readonly live: Tried[] = []
  /** The first bits of their ids, beside them: a table is searched all the time, and reads these in one go. */
  readonly prefixes: number[] = []
  /** Beside them as well. */
  readonly subnets: Subnet[] = []
  /** Those that answered when there was no room, most recent last. */
  private readonly answered = new Map<NodeId, Contact>()
  /** Those that others mentioned, most recent last. */
  private readonly mentioned = new Map<NodeId, Contact>()
  /** The crowds for which the guest was last looked for; undefined after a live contact came or went. */
  private crowds: Crowds | undefined
  private guestAmongThem: Tried | undefined

  get isFull(): boolean {
    return this.live.length >= BUCKET_SIZE
  }

  get isWaitedFor(): boolean {
    return this.waitingCount > 0
  }

  find(id: NodeId): Tried | undefined {
    return this.live[this.placeOf(id)]
  }

  /** Takes the contact in where there is room. `crowds` are those of the whole table. */
  add(tried: Tried, crowds: Crowds): 'added' | 'waiting' | { readonly displaced: Tried } {
    if (!this.isFull) {
      this.append(tried)
      return 'added'
    }
    const guest = this.guestFor(tried, crowds)
    if (guest === undefined) {
      this.wait(tried.contact)
      return 'waiting'
    }
    this.remove(guest.id)
    this.append(tried)
    this.wait(guest.contact)
    return { displaced: guest }
  }

  /** It answered, and there is no room. */
  wait(contact: Contact): void {
    if (this.answered.has(contact.id)) return
    this.mentioned.delete(contact.id)
    if (this.waitingCount >= REPLACEMENTS_MAX) dropOldest(this.mentioned.size > 0 ? this.mentioned : this.answered)
    this.answered.set(contact.id, contact)
  }

  /** The newest live contact from a network that has more than its share. `crowds` is another object when it says something else. */
  guest(crowds: Crowds): Tried | undefined {
    if (this.crowds !== crowds) {
      this.crowds = crowds
      this.guestAmongThem = this.live.findLast((each) => this.isCrowded(each, crowds, 0))
    }
    return this.guestAmongThem
  }

  mention(contact: Contact): void {
    // Words are free: they never displace what is waiting already.
    if (this.waitingCount >= REPLACEMENTS_MAX || this.answered.has(contact.id)) return
    if (this.placeOf(contact.id) < 0) this.mentioned.set(contact.id, contact)
  }

  remove(id: NodeId): Tried | undefined {
    const at = this.placeOf(id)
    if (at < 0) return undefined
    this.prefixes.splice(at, 1)
    this.subnets.splice(at, 1)
    this.crowds = undefined
    return this.live.splice(at, 1)[0]
  }

  forget(id: NodeId): void {
    this.answered.delete(id)
    this.mentioned.delete(id)
  }

  /** Those that answered before those that were only mentioned, and the newest of each first. */
  waiting(): readonly Contact[] {
    return [...[...this.answered.values()].reverse(), ...[...this.mentioned.values()].reverse()]
  }

  /** One that was only mentioned. */
  untried(dice: number): Contact | undefined {
    const untried = [...this.mentioned.values()]
    return untried[dice % Math.max(1, untried.length)]
  }

  private get waitingCount(): number {
    return this.answered.size + this.mentioned.size
  }

  private append(tried: Tried): void {
    this.forget(tried.id)
    this.live.push(tried)
    this.prefixes.push(idPrefix(tried.id))
    this.subnets.push(tried.subnet)
    this.crowds = undefined
  }

  private placeOf(id: NodeId): number {
    const prefix = idPrefix(id)
    for (let nth = 0; nth < this.prefixes.length; nth++) {
      if (this.prefixes[nth] === prefix && this.live[nth]?.id === id) return nth
    }
    return -1
  }

  private guestFor(newcomer: Tried, crowds: Crowds): Tried | undefined {
    const guest = this.guest(crowds)
    return guest === undefined || this.isCrowded(newcomer, crowds, 1) ? undefined : guest
  }

  /** Whether with `more` of its kind the contact's subnet or network would have more than its share, here or in the whole table. */
  private isCrowded({ subnet }: Tried, crowds: Crowds, more: number): boolean {
    const network = networkOf(subnet)
    let [sameSubnet, sameNetwork] = [more, more]
    for (const each of this.subnets) {
      if (each === subnet) sameSubnet++
      if (networkOf(each) === network) sameNetwork++
    }
    return (
      sameSubnet > PER_SUBNET_AND_BUCKET ||
      sameNetwork > PER_NETWORK_AND_BUCKET ||
      (crowds.subnets.get(subnet) ?? 0) + more > PER_SUBNET ||
      (crowds.networks.get(network) ?? 0) + more > PER_NETWORK
    )
  }
}

function dropOldest(waiting: Map<NodeId, Contact>): void {
  for (const id of waiting.keys()) {
    waiting.delete(id)
    break
  }
}
