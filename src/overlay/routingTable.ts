/**
 * The contacts a node keeps, in buckets by the length of the prefix shared with its own id (Maymounkov and Mazieres, Kademlia,
 * 2002). Synchronous: told who answered, who failed and which parts of the space were searched; asked who is nearest.
 * Absent on purpose: probing, timers. Upkeep decides whom to probe.
 */
import { present } from '../base/assert.ts'
import { commonPrefixBits, compareDistance, ID_BYTES, idBytes, parseId, type NodeId, type Point } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'
import { Bucket, type KnownContact, type Tried } from './bucket.ts'
import { crowdsAfter, NO_CROWDS } from './crowds.ts'
import { BUCKET_SIZE, DEPARTED_MAX, DEPARTED_MS, LOST_MAX, NEAREST_IN_REPLY, PER_SHELL_IN_REPLY } from './limits.ts'
import { nearestOn } from './nearest.ts'
import { subnetOf } from './subnet.ts'

interface Departed {
  readonly contact: Contact
  readonly sinceMs: number
}

const BUCKETS_MAX = 8 * ID_BYTES

interface Group {
  readonly buckets: readonly Bucket[]
  /** Whether it has every live node of its part of the space. */
  isComplete(): boolean
}

export class RoutingTable {
  readonly self: NodeId
  private readonly buckets: (Bucket | undefined)[] = []
  /** By bucket: a lookup has met every live node of its part of the space, and since then the bucket had room for all. */
  private readonly explored = new Uint8Array(BUCKETS_MAX)
  private readonly departed = new Map<NodeId, Departed>()
  /** Of all that ever departed those known for longest: ways back after a partition, however long it was. */
  private readonly lost = new Map<NodeId, Tried>()
  /** When contacts of an earlier run answered first. */
  private readonly recalled = new Map<NodeId, number>()
  private count = 0
  private crowds = NO_CROWDS
  /** Turns with each reply, so that many replies together name all of a shell. */
  private turn = 0

  constructor(self: NodeId) {
    this.self = self
  }

  /** Live contacts. */
  get size(): number {
    return this.count
  }

  /**
   * The contact has just answered, or proven itself on a connection. `seenAt` is the host it was seen at, which says more than the
   * addresses it gives. The table keeps the contact as it is, and others are told it.
   */
  onAnswered(contact: Contact, nowMs: number, seenAt?: string): void {
    if (contact.id === this.self) return
    if (this.departed.size > 0) this.departed.delete(contact.id)
    if (this.lost.size > 0) this.lost.delete(contact.id)
    const bits = commonPrefixBits(this.self, contact.id)
    const bucket = this.bucketAt(bits)
    const known = bucket.find(contact.id)
    if (known !== undefined) {
      known.lastHeardMs = nowMs
      if (contact.addresses !== known.addresses) {
        known.addresses = contact.addresses
        known.contact = contact
      }
      return
    }
    const { id, addresses } = contact
    if (bucket.isFull && bucket.guest(this.crowds) === undefined) {
      bucket.wait(contact)
      this.explored[bits] = 0
      return
    }
    const tried: Tried = {
      id,
      addresses,
      contact,
      lastHeardMs: nowMs,
      sinceMs: this.recalled.get(id) ?? nowMs,
      subnet: subnetOf(contact, seenAt),
    }
    const outcome = bucket.add(tried, this.crowds)
    if (outcome !== 'waiting') this.recount(tried)
    if (outcome === 'added') this.count++
    else if (outcome !== 'waiting') this.recount(outcome.displaced)
    if (bucket.isFull) this.explored[bits] = 0
  }

  /** These were contacts in an earlier run; once they answer again they count as known since then. */
  recall(contacts: readonly Pick<KnownContact, 'id' | 'sinceMs'>[]): void {
    for (const { id, sinceMs } of contacts) this.recalled.set(id, sinceMs)
  }

  /** Somebody mentioned the contact; it counts for nothing until it answers us. */
  onMentioned(contact: Contact): void {
    if (contact.id === this.self || this.departed.has(contact.id)) return
    this.bucketAt(commonPrefixBits(this.self, contact.id)).mention(contact)
  }

  /** The contact is gone. Returns those that could take its place, best first, for the overlay to probe. */
  onDeparted(id: NodeId, nowMs: number): readonly Contact[] {
    if (id === this.self) return []
    const bucket = this.bucketAt(commonPrefixBits(this.self, id))
    bucket.forget(id)
    const contact = bucket.remove(id)
    if (contact === undefined) return []
    this.count--
    this.recount(contact)
    this.rememberDeparted(contact.contact, nowMs)
    this.rememberLost(contact)
    return bucket.waiting()
  }

  /**
   * A lookup has ended: every live node nearer to `target` than `farthest` has answered; without one, every live node there is.
   */
  onExplored(target: Point, farthest: NodeId | undefined): void {
    const shared = commonPrefixBits(this.self, target)
    // All that share more bits with the target than this are met.
    const met = farthest === undefined ? -1 : commonPrefixBits(target, farthest)
    for (let bits = 0; bits < BUCKETS_MAX; bits++) {
      const sharedWithTarget = bits === shared ? shared + 1 : Math.min(bits, shared)
      const hasRoom = (this.buckets[bits]?.live.length ?? 0) < BUCKET_SIZE
      if (sharedWithTarget > met && hasRoom) this.explored[bits] = 1
    }
  }

  /** The live contact with this id. */
  get(id: NodeId): KnownContact | undefined {
    return this.buckets[commonPrefixBits(this.self, id)]?.find(id)
  }

  /** Up to `count` live contacts, nearest to `point` first. */
  nearest(point: Point, count: number): readonly Tried[] {
    const found: Tried[] = []
    for (const { buckets } of this.groupsByDistance(point)) {
      found.push(...nearestOn(point, buckets, count - found.length))
      if (found.length >= count) break
    }
    return found
  }

  /**
   * What a reply names: the nearest live contacts, and some of each prefix shell farther out (nodes that share exactly so many bits
   * with the point), in turns. Whoever crowds the place next to the point crowds nobody else out.
   */
  balanced(point: Point): readonly Contact[] {
    const named: Contact[] = []
    this.turn++
    for (const { buckets } of this.groupsByDistance(point)) {
      const room = Math.max(0, NEAREST_IN_REPLY - named.length)
      // The next nearest of the shell, or in every other reply any: those just beyond the nearest matter most.
      const isAny = this.turn % 2 === 1
      const nearest = nearestOn(point, buckets, isAny ? room : room + PER_SHELL_IN_REPLY)
      for (const each of nearest) named.push(each.contact)
      if (isAny) for (const each of othersOf(buckets, nearest, this.turn)) named.push(each.contact)
      if (named.length >= CONTACTS_MAX) break
    }
    return named.slice(0, CONTACTS_MAX)
  }

  /**
   * As nearest, but only when the table knows every live node that could be among them: each bucket it had to take from was
   * explored, has room, and nobody is waiting to be proven. Undefined otherwise: then a lookup has to tell.
   */
  nearestIfComplete(point: Point, count: number): readonly KnownContact[] | undefined {
    const found: KnownContact[] = []
    for (const group of this.groupsByDistance(point)) {
      if (!group.isComplete()) return undefined
      found.push(...nearestOn(point, group.buckets, count - found.length))
      if (found.length >= count) break
    }
    return found
  }

  /** Nodes that left within the last hour. */
  recentlyDeparted(nowMs: number): readonly Contact[] {
    const recent = [...this.departed.values()].filter(({ sinceMs }) => nowMs - sinceMs < DEPARTED_MS)
    return recent.map(({ contact }) => contact)
  }

  /** Nodes that left at any time, those known for longest. */
  everLost(): readonly Contact[] {
    return [...this.lost.values()].map(({ contact }) => contact)
  }

  /** Nodes that left within the last hour and would be nearer to `point` than `limit`, or all of them without a limit. */
  departedNear(point: Point, limit: Point | undefined, nowMs: number): readonly Contact[] {
    const recent = this.recentlyDeparted(nowMs)
    return limit === undefined ? recent : recent.filter(({ id }) => compareDistance(point, id, limit) < 0)
  }

  /** Live contacts not heard from since `sinceMs`, longest silent first. */
  quietSince(sinceMs: number, count: number): readonly Contact[] {
    const quiet = this.all().filter((contact) => contact.lastHeardMs < sinceMs)
    const longest = quiet.sort((a, b) => a.lastHeardMs - b.lastHeardMs).slice(0, count)
    return longest.map(({ contact }) => contact)
  }

  all(): Tried[] {
    return this.buckets.flatMap((bucket) => bucket?.live ?? [])
  }

  /** Buckets that have room, by their number of shared bits, up to that of `farthest` inclusive. */
  bucketsWithRoom(farthest: NodeId): readonly number[] {
    const bits = Array.from({ length: commonPrefixBits(this.self, farthest) + 1 }, (_, each) => each)
    return bits.filter((each) => (this.buckets[each]?.live.length ?? 0) < BUCKET_SIZE)
  }

  /** A point in the part of the space that belongs to a bucket; `dice` are 32 random bytes. */
  pointIn(bits: number, dice: Uint8Array): Point {
    const bytes = idBytes(this.self)
    const [byte, bit] = [bits >> 3, 0x80 >> (bits & 7)]
    bytes.set(dice.subarray(byte + 1), byte + 1)
    const kept = ~(2 * bit - 1)
    bytes[byte] = ((bytes[byte] ?? 0) & kept) | ((dice[byte] ?? 0) & (bit - 1)) | (~(bytes[byte] ?? 0) & bit)
    return present(parseId<Point>(bytes), 'an id has 32 bytes')
  }

  /** Replacements of buckets that have room for them. */
  candidates(count: number): readonly Contact[] {
    const wanted: Contact[] = []
    for (const bucket of this.buckets) {
      if (bucket !== undefined && !bucket.isFull) wanted.push(...bucket.waiting())
    }
    return wanted.slice(0, count)
  }

  /** One that was only mentioned, to be tried; `dice` is a whole number. */
  untried(dice: number): Contact | undefined {
    const buckets = this.buckets.filter((bucket) => bucket?.isWaitedFor === true)
    return buckets[dice % Math.max(1, buckets.length)]?.untried(dice)
  }

  /** A replacement that did not answer. */
  onCandidateFailed(id: NodeId): void {
    this.buckets[commonPrefixBits(this.self, id)]?.forget(id)
  }

  /** How many nodes the network has, this one included, while the table knows all of them. */
  exactSize(): number | undefined {
    const everybody = this.nearestIfComplete(this.self, Number.MAX_SAFE_INTEGER)
    return everybody === undefined ? undefined : everybody.length + 1
  }

  /**
   * Contacts in groups of which each is nearer to `point` than all that follow: the bucket that shares most with the point,
   * then everything closer to this node than that, then the buckets farther out one by one.
   */
  private *groupsByDistance(point: Point): Generator<Group> {
    const shared = commonPrefixBits(this.self, point)
    yield this.group(shared, Math.min(shared + 1, BUCKETS_MAX))
    yield this.group(shared + 1, BUCKETS_MAX)
    for (let bits = Math.min(shared, BUCKETS_MAX) - 1; bits >= 0; bits--) yield this.group(bits, bits + 1)
  }

  /** The buckets from one number of shared bits up to another. */
  private group(from: number, to: number): Group {
    const buckets: Bucket[] = []
    for (let bits = from; bits < Math.min(to, this.buckets.length); bits++) {
      const bucket = this.buckets[bits]
      if (bucket !== undefined) buckets.push(bucket)
    }
    return { buckets, isComplete: () => this.isComplete(from, to) }
  }

  private isComplete(from: number, to: number): boolean {
    for (let bits = from; bits < to; bits++) {
      const bucket = this.buckets[bits]
      if (this.explored[bits] !== 1 || (bucket !== undefined && !hasAll(bucket))) return false
    }
    return true
  }

  private bucketAt(bits: number): Bucket {
    const known = this.buckets[bits]
    if (known !== undefined) return known
    while (this.buckets.length < bits) this.buckets.push(undefined)
    return (this.buckets[bits] = new Bucket())
  }

  private rememberLost(contact: Tried): void {
    this.lost.set(contact.id, contact)
    if (this.lost.size <= LOST_MAX) return
    let newest = contact
    for (const each of this.lost.values()) if (each.sinceMs > newest.sinceMs) newest = each
    this.lost.delete(newest.id)
  }

  private recount({ subnet }: Tried): void {
    const census = this.buckets.flatMap((bucket) => (bucket === undefined ? [] : [bucket.subnets]))
    this.crowds = crowdsAfter(this.crowds, subnet, census)
  }

  private rememberDeparted(contact: Contact, nowMs: number): void {
    this.departed.set(contact.id, { contact, sinceMs: nowMs })
    for (const [id, { sinceMs }] of this.departed) {
      if (this.departed.size <= DEPARTED_MAX && nowMs - sinceMs < DEPARTED_MS) break
      this.departed.delete(id)
    }
  }
}

/** Room is left, and nobody is waiting to be proven. */
function hasAll(bucket: Bucket): boolean {
  return !bucket.isFull && !bucket.isWaitedFor
}

/** Up to PER_SHELL_IN_REPLY of a shell that are not among its nearest, in turns. */
function othersOf(shell: readonly Bucket[], nearest: readonly Tried[], turn: number): readonly Tried[] {
  const count = shell.reduce((sum, { live }) => sum + live.length, 0)
  const others: Tried[] = []
  for (let nth = 0; nth < count && others.length < PER_SHELL_IN_REPLY; nth++) {
    const other = liveAt(shell, (turn + nth) % count)
    if (!nearest.includes(other)) others.push(other)
  }
  return others
}

function liveAt(shell: readonly Bucket[], place: number): Tried {
  let left = place
  for (const { live } of shell) {
    const found = live[left]
    if (found !== undefined) return found
    left -= live.length
  }
  throw new RangeError(`a shell has no place ${place}`)
}
