/**
 * A routing table as go-libp2p-kbucket v0.4.7 keeps it (table.go, peerdiversity/filter.go): 20 contacts for each number of leading
 * bits shared with the own id, nobody evicted for a newcomer. Nodes that run the dual DHT, as Kubo does, also count by address: of one
 * IPv4 /16 at most 2 contacts for each number of shared bits and 3 in the whole table (go-libp2p-kad-dht, dual/dual.go).
 */
import { commonPrefixBits, type NodeId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import { nearestOf } from '../../src/sim/idOrder.ts'

export const BUCKET_SIZE = 20
const PER_GROUP_AND_BUCKET = 2
const PER_GROUP_AND_TABLE = 3

export class IpfsTable {
  private readonly self: NodeId
  private readonly isDiverse: boolean
  private readonly ids = new Set<NodeId>()
  /** By the number of leading bits shared with the own id. */
  private readonly buckets: Contact[][] = []
  /** Contacts of each address group, by shared bits. */
  private readonly groups = new Map<string, number[]>()

  constructor(self: NodeId, options: { readonly isDiverse: boolean; readonly contacts?: readonly Contact[] }) {
    this.self = self
    this.isDiverse = options.isDiverse
    for (const contact of options.contacts ?? []) this.admit(contact)
  }

  /** Takes a contact that has been met, if there is room for it. `group` names its /16; absent for one that shares it with nobody. */
  admit(contact: Contact, group?: string): void {
    if (contact.id === this.self || this.ids.has(contact.id)) return
    const bits = commonPrefixBits(this.self, contact.id)
    const bucket = (this.buckets[bits] ??= [])
    if (bucket.length >= BUCKET_SIZE || (group !== undefined && this.isDiverse && !this.isRare(group, bits))) return
    bucket.push(contact)
    this.ids.add(contact.id)
    if (group !== undefined) this.groups.set(group, [...(this.groups.get(group) ?? []), bits])
  }

  /** The nearest 20: from the target's bucket, when that is not enough from all deeper ones, and then from ever shallower ones. */
  nearest(target: Point): readonly Contact[] {
    const bits = commonPrefixBits(this.self, target)
    const near = [...(this.buckets[bits] ?? [])]
    if (near.length < BUCKET_SIZE) near.push(...this.buckets.slice(bits + 1).flatMap((bucket) => bucket ?? []))
    for (let at = bits - 1; at >= 0 && near.length < BUCKET_SIZE; at--) near.push(...(this.buckets[at] ?? []))
    return nearestOf(near, target, BUCKET_SIZE)
  }

  /** Contacts that share exactly so many leading bits with the own id. */
  countAt(bits: number): number {
    return this.buckets[bits]?.length ?? 0
  }

  /** The most bits that the own id shares with a contact. */
  deepestBucket(): number {
    return Math.max(0, this.buckets.length - 1)
  }

  private isRare(group: string, bits: number): boolean {
    const met = this.groups.get(group) ?? []
    return met.length < PER_GROUP_AND_TABLE && met.filter((of) => of === bits).length < PER_GROUP_AND_BUCKET
  }
}
