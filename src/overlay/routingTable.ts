/**
 * The contacts a node keeps, in buckets by the length of the prefix shared with its own id (Maymounkov and Mazieres, Kademlia,
 * 2002). Synchronous: told who answered and who failed, asked who is nearest.
 * Absent on purpose: probing, timers, address diversity. The overlay decides whom to probe.
 */
import { commonPrefixBits, compareDistance, distanceFraction, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { BUCKET_SIZE, DEPARTED_MAX, DEPARTED_MS, REPLACEMENTS_MAX } from './limits.ts'

export interface KnownContact extends Contact {
  readonly lastHeardMs: number
}

interface Bucket {
  /** Answered us and have not failed since; longest known first. Live contacts are never displaced by new ones. */
  readonly live: KnownContact[]
  /** Heard of or answered while the bucket was full; most recent last. */
  readonly replacements: Contact[]
}

interface Departed {
  readonly contact: Contact
  readonly sinceMs: number
}

export class RoutingTable {
  readonly self: NodeId
  private readonly buckets: (Bucket | undefined)[] = []
  private readonly departed = new Map<NodeId, Departed>()
  private count = 0

  constructor(self: NodeId) {
    this.self = self
  }

  /** Live contacts. */
  get size(): number {
    return this.count
  }

  /** The contact has just answered, or proven itself on a connection. */
  onAnswered(contact: Contact, nowMs: number): void {
    if (contact.id === this.self) return
    this.departed.delete(contact.id)
    const bucket = this.bucketOf(contact.id)
    const known: KnownContact = { id: contact.id, addresses: contact.addresses, lastHeardMs: nowMs }
    const at = bucket.live.findIndex((each) => each.id === contact.id)
    if (at >= 0) {
      bucket.live[at] = known
    } else if (bucket.live.length < BUCKET_SIZE) {
      forget(bucket.replacements, contact.id)
      bucket.live.push(known)
      this.count++
    } else {
      addReplacement(bucket, contact)
    }
  }

  /** Somebody mentioned the contact; it counts for nothing until it answers us. */
  onMentioned(contact: Contact): void {
    if (contact.id === this.self || this.departed.has(contact.id)) return
    const bucket = this.bucketOf(contact.id)
    if (!bucket.live.some((each) => each.id === contact.id)) addReplacement(bucket, contact)
  }

  /** The contact is gone. Returns those that could take its place, best first, for the overlay to probe. */
  onDeparted(id: NodeId, nowMs: number): readonly Contact[] {
    if (id === this.self) return []
    const bucket = this.bucketOf(id)
    forget(bucket.replacements, id)
    const at = bucket.live.findIndex((each) => each.id === id)
    if (at < 0) return []
    const [contact] = bucket.live.splice(at, 1)
    this.count--
    if (contact !== undefined) this.rememberDeparted(contact, nowMs)
    return [...bucket.replacements].reverse()
  }

  /** The live contact with this id. */
  get(id: NodeId): KnownContact | undefined {
    return this.buckets[commonPrefixBits(this.self, id)]?.live.find((each) => each.id === id)
  }

  /** Up to `count` live contacts, nearest to `point` first. */
  nearest(point: Point, count: number): readonly KnownContact[] {
    const found: KnownContact[] = []
    for (const { contacts } of this.groupsByDistance(point)) {
      found.push(...sortByDistance(point, contacts))
      if (found.length >= count) break
    }
    return found.slice(0, count)
  }

  /**
   * As nearest, but only when the table knows every live node that could be among them: no bucket it had to take from is full.
   * Undefined otherwise: then a lookup has to tell.
   */
  nearestIfComplete(point: Point, count: number): readonly KnownContact[] | undefined {
    const found: KnownContact[] = []
    for (const { contacts, complete } of this.groupsByDistance(point)) {
      if (!complete) return undefined
      found.push(...sortByDistance(point, contacts))
      if (found.length >= count) break
    }
    return found.slice(0, count)
  }

  /** Nodes that left within the last hour and would be nearer to `point` than `limit`, or all of them without a limit. */
  departedNear(point: Point, limit: Point | undefined, nowMs: number): readonly Contact[] {
    const near: Contact[] = []
    for (const { contact, sinceMs } of this.departed.values()) {
      const recent = nowMs - sinceMs < DEPARTED_MS
      if (recent && (limit === undefined || compareDistance(point, contact.id, limit) < 0)) near.push(contact)
    }
    return near
  }

  /** Live contacts not heard from since `sinceMs`, longest silent first. */
  quietSince(sinceMs: number, count: number): readonly KnownContact[] {
    const quiet = this.all().filter((contact) => contact.lastHeardMs < sinceMs)
    return quiet.sort((a, b) => a.lastHeardMs - b.lastHeardMs).slice(0, count)
  }

  all(): KnownContact[] {
    return this.buckets.flatMap((bucket) => bucket?.live ?? [])
  }

  /** Replacements of buckets that have room for them. */
  candidates(count: number): readonly Contact[] {
    const wanted: Contact[] = []
    for (const bucket of this.buckets) {
      if (bucket !== undefined && bucket.live.length < BUCKET_SIZE) wanted.push(...bucket.replacements)
    }
    return wanted.slice(0, count)
  }

  /** A replacement that did not answer. */
  onCandidateFailed(id: NodeId): void {
    forget(this.bucketOf(id).replacements, id)
  }

  /**
   * How many nodes the network has, this one included: exact while the table knows all of them, else from the density around
   * this node's id: of n points spread evenly, the k-th nearest lies at distance k/n on average.
   */
  sizeEstimate(): number {
    const everybody = this.nearestIfComplete(this.self, Number.MAX_SAFE_INTEGER)
    if (everybody !== undefined) return everybody.length + 1
    const neighbours = this.nearest(this.self, BUCKET_SIZE)
    const farthest = neighbours.at(-1)
    if (farthest === undefined) return 1
    return Math.max(this.count + 1, Math.round((neighbours.length - 1) / distanceFraction(this.self, farthest.id)))
  }

  /**
   * Contacts in groups of which each is nearer to `point` than all that follow: the bucket that shares most with the point,
   * then everything closer to this node than that, then the buckets farther out one by one.
   */
  private *groupsByDistance(point: Point): Generator<{ contacts: readonly KnownContact[]; complete: boolean }> {
    const shared = commonPrefixBits(this.self, point)
    yield group([this.buckets[shared]])
    yield group(this.buckets.slice(shared + 1))
    for (let bits = Math.min(shared, this.buckets.length) - 1; bits >= 0; bits--) yield group([this.buckets[bits]])
  }

  private bucketOf(id: NodeId): Bucket {
    const bits = commonPrefixBits(this.self, id)
    const known = this.buckets[bits]
    if (known !== undefined) return known
    while (this.buckets.length < bits) this.buckets.push(undefined)
    return (this.buckets[bits] = { live: [], replacements: [] })
  }

  private rememberDeparted(contact: Contact, nowMs: number): void {
    this.departed.set(contact.id, { contact, sinceMs: nowMs })
    for (const [id, { sinceMs }] of this.departed) {
      if (this.departed.size <= DEPARTED_MAX && nowMs - sinceMs < DEPARTED_MS) break
      this.departed.delete(id)
    }
  }
}

function group(buckets: readonly (Bucket | undefined)[]): { contacts: readonly KnownContact[]; complete: boolean } {
  return {
    contacts: buckets.flatMap((bucket) => bucket?.live ?? []),
    complete: buckets.every((bucket) => bucket === undefined || isComplete(bucket)),
  }
}

/** Room is left and nobody is waiting to be proven: whoever is known of in this part of the space is in the bucket. */
function isComplete(bucket: Bucket): boolean {
  return bucket.live.length < BUCKET_SIZE && bucket.replacements.length === 0
}

function sortByDistance(point: Point, contacts: readonly KnownContact[]): KnownContact[] {
  return [...contacts].sort((a, b) => compareDistance(point, a.id, b.id))
}

function addReplacement(bucket: Bucket, contact: Contact): void {
  forget(bucket.replacements, contact.id)
  bucket.replacements.push({ id: contact.id, addresses: contact.addresses })
  if (bucket.replacements.length > REPLACEMENTS_MAX) bucket.replacements.shift()
}

function forget(contacts: Contact[], id: NodeId): void {
  const at = contacts.findIndex((each) => each.id === id)
  if (at >= 0) contacts.splice(at, 1)
}
