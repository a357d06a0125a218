/**
 * Objects that are stored already when a world begins: coded as the writer codes them and laid on disks where the shipped placement
 * puts them, over the regions as they are. Ten thousand take seconds, where putting them through the network takes hours.
 */
import { present } from '../src/base/assert.ts'
import { EMPTY, type Bytes } from '../src/base/bytes.ts'
import type { StripeId } from '../src/base/id.ts'
import { codeFor } from '../src/coding/code.ts'
import { objectKeys, regionPoint, rootKey, segmentKey } from '../src/crypto/derive.ts'
import type { Capability } from '../src/crypto/link.ts'
import { REGION_SIZE } from '../src/overlay/limits.ts'
import type { Contact } from '../src/ports/connection.ts'
import type { Code, Coder, EncodedStripe } from '../src/ports/coder.ts'
import type { Lease } from '../src/ports/fragmentStore.ts'
import { KEY_BYTES, type Primitives } from '../src/ports/primitives.ts'
import type { IdOrder } from '../src/sim/idOrder.ts'
import type { FragmentDisk } from '../src/sim/memory/fragmentStore.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'
import { INLINE_BYTES_MAX } from '../src/storage/limits.ts'
import { Placement } from '../src/storage/placement.ts'
import { regionCount } from '../src/storage/placeStripe.ts'
import { encodeRoot, sealContent } from '../src/storage/root.ts'
import { SEGMENT_BYTES_MAX } from '../src/coding/limits.ts'

export interface StoredStripe extends Code {
  readonly id: StripeId
  /** Of each fragment, without its proof. */
  readonly fragmentBytes: number
}

export interface StoredObject {
  readonly capability: Capability
  readonly content: Bytes
  readonly stripes: readonly StoredStripe[]
}

export interface ObjectPlacerDeps {
  readonly primitives: Primitives
  readonly coder: Coder
  readonly random: SeededRandom
  /** Everybody there is. */
  readonly nodes: IdOrder
  readonly diskOf: (holder: Contact) => FragmentDisk
  readonly survive: number
  readonly leaseUntilMs: number
}

export class ObjectPlacer {
  private readonly deps: ObjectPlacerDeps

  constructor(deps: ObjectPlacerDeps) {
    this.deps = deps
  }

  /** An object of one data segment, or none when it is small. */
  async store(content: Bytes): Promise<StoredObject> {
    const { primitives, random } = this.deps
    const secret = random.bytes(KEY_BYTES)
    const { readKey, verifyKey } = objectKeys(primitives, secret)
    const isInline = content.length <= INLINE_BYTES_MAX
    const data = isInline ? [] : [await this.place(content.slice(), segmentKey(primitives, readKey, 0))]
    const children = data.map(({ id }) => id)
    const sealed = sealContent(primitives, readKey, { type: '', inline: isInline ? content : EMPTY })
    const plain = encodeRoot({ size: content.length, segmentBytes: SEGMENT_BYTES_MAX, depth: 0, children, sealed })
    const root = await this.place(plain, rootKey(primitives, verifyKey))
    const capability: Capability = { what: 'object', right: 'read', root: root.id, key: secret }
    return { capability, content, stripes: [...data, root] }
  }

  private async place(plain: Bytes, key: Bytes): Promise<StoredStripe> {
    const { coder, survive } = this.deps
    const stripe = await coder.encode({ plain, key, code: codeFor(plain.length, survive) })
    const { needed, total } = stripe.header
    this.layOut(stripe)
    return { id: stripe.id, needed, total, fragmentBytes: present(stripe.fragments[0], 'a fragment').length }
  }

  private layOut(stripe: EncodedStripe): void {
    const { primitives, nodes, diskOf } = this.deps
    const { total } = stripe.header
    const regions = Array.from({ length: regionCount(total) }, (_, region) => {
      const point = regionPoint(primitives, stripe.id, region)
      const members = nodes.nearest(point, Math.min(REGION_SIZE, nodes.contacts.length))
      return { point, members, silent: [], isHearsay: false }
    })
    const placement = new Placement({ total, regions, fragmentsPerBatch: total })
    for (let batch = placement.next(); batch !== undefined; batch = placement.next()) {
      for (const index of batch.indices) this.lay(diskOf(batch.contact), stripe, index, batch.contact)
      placement.onStored(batch)
    }
  }

  private lay(disk: FragmentDisk, { id, header, fragments, proofs }: EncodedStripe, index: number, at: Contact): void {
    const data = present(fragments[index], 'each index has a fragment')
    const proof = present(proofs[index], 'each fragment has a proof')
    const lease: Lease = { expiresMs: this.deps.leaseUntilMs, sender: at.id, owner: undefined }
    const kept = { fragment: { stripe: id, header, index, proof, data }, lease }
    const byIndex = disk.get(id)
    if (byIndex === undefined) disk.set(id, new Map([[index, kept]]))
    else byIndex.set(index, kept)
  }
}

/** Distinct fragments of each stripe on these disks. */
export function fragmentsOn(disks: Iterable<FragmentDisk>): ReadonlyMap<StripeId, ReadonlySet<number>> {
  const found = new Map<StripeId, Set<number>>()
  for (const disk of disks) {
    for (const [stripe, byIndex] of disk) {
      const indices = found.get(stripe)
      if (indices === undefined) found.set(stripe, new Set(byIndex.keys()))
      else for (const index of byIndex.keys()) indices.add(index)
    }
  }
  return found
}

/** Those of which some stripe has fewer fragments than rebuild it. */
export function lostAmong(
  objects: readonly StoredObject[],
  left: ReadonlyMap<StripeId, ReadonlySet<number>>,
): readonly StoredObject[] {
  return objects.filter(({ stripes }) => stripes.some(({ id, needed }) => (left.get(id)?.size ?? 0) < needed))
}

/** Bytes of all fragments of these objects. */
export function bytesOf(objects: readonly StoredObject[]): number {
  const ofStripe = ({ total, fragmentBytes }: StoredStripe): number => total * fragmentBytes
  return objects.flatMap(({ stripes }) => stripes).reduce((sum, stripe) => sum + ofStripe(stripe), 0)
}
