/**
 * A checker: what a holder has given its word for is on its disk, from that moment on until its lease ends or its owner releases it,
 * whatever happens to its process. Told of acknowledgements by whoever gets them. A disk that was lost takes its promises with it.
 */
import { assert } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import type { NodeId, StripeId } from '../../base/id.ts'
import { decodeHeader, stripeId } from '../../coding/stripe.ts'
import type { Primitives } from '../../ports/primitives.ts'
import { ownerTag } from '../../storage/release.ts'
import type { Messages } from '../../wire/messages.ts'
import type { FragmentDisk } from '../memory/fragmentStore.ts'
import { fragmentCount, type WithDisks } from './fragmentsOnDisks.ts'

interface Word {
  untilMs: number
  /** In hexadecimal, and undefined too where several have asked under different names: then nobody's release ends it. */
  readonly owner: string | undefined
}

export class AcknowledgedFragments {
  /** Runs after every event. */
  readonly check: (world: WithDisks) => void
  private readonly primitives: Primitives
  private readonly promised = new Map<NodeId, Map<StripeId, Map<number, Word>>>()
  private readonly lastSeen = new Map<FragmentDisk, string>()
  /** Holder, stripe and owner. What was put before may be acknowledged after. */
  private readonly released = new Set<string>()
  private countSoFar = 0

  constructor(primitives: Primitives) {
    this.primitives = primitives
    this.check = (world) => this.compare(world)
  }

  get count(): number {
    return this.countSoFar
  }

  /** `holder` has answered the request with a receipt that ends at `untilMs`. */
  add(holder: NodeId, request: Messages['store']['request'], untilMs = Number.POSITIVE_INFINITY): void {
    const header = decodeHeader(request.header)
    assert(header.ok, 'nodes of ours send well-formed headers')
    const stripe = stripeId(this.primitives, header.value)
    const byStripe = this.promised.get(holder) ?? new Map<StripeId, Map<number, Word>>()
    const words = byStripe.get(stripe) ?? new Map<number, Word>()
    const owner = request.owner && toHex(request.owner)
    if (this.released.has(`${holder} ${stripe} ${String(owner)}`)) return
    for (const { index } of request.fragments) {
      const before = words.get(index) ?? { untilMs, owner }
      const isShared = before.owner !== owner
      words.set(index, { untilMs: Math.max(untilMs, before.untilMs), owner: isShared ? undefined : owner })
    }
    this.countSoFar += request.fragments.length
    this.promised.set(holder, byStripe.set(stripe, words))
  }

  /** `holder` has said until when it keeps what it has of the stripe. */
  renew(holder: NodeId, stripe: StripeId, untilMs: number): void {
    for (const word of this.promised.get(holder)?.get(stripe)?.values() ?? []) {
      word.untilMs = Math.max(word.untilMs, untilMs)
    }
  }

  /** `holder` is about to be told this by somebody. */
  release(holder: NodeId, { stripes, publicKey }: Messages['release']['request']): void {
    const owner = toHex(ownerTag(this.primitives, publicKey))
    for (const stripe of stripes) {
      this.released.add(`${holder} ${stripe} ${owner}`)
      const words = this.promised.get(holder)?.get(stripe)
      for (const [index, word] of words ?? []) if (word.owner === owner) words?.delete(index)
    }
  }

  /** The holder's disk is about to give back other bytes. */
  rot(holder: NodeId, stripe: StripeId, index: number): void {
    this.promised.get(holder)?.get(stripe)?.delete(index)
  }

  private compare(world: WithDisks): void {
    for (let node = 0; node < world.nodeCount; node++) {
      const { fragments } = world.disk(node)
      const seen = `${this.countSoFar} ${fragmentCount(fragments)}`
      if (this.lastSeen.get(fragments) === seen) continue
      this.lastSeen.set(fragments, seen)
      for (const [stripe, words] of this.promised.get(world.contact(node).id) ?? []) {
        const kept = fragments.get(stripe)
        for (const [index, { untilMs }] of words) {
          const isDue = untilMs > world.clock.now()
          assert(!isDue || kept?.has(index) === true, `node ${node} lost fragment ${index} of ${stripe}`)
        }
      }
    }
  }
}
