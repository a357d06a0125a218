/**
 * A checker: what a holder has given its signed word for is on its disk, from that moment on, whatever happens to its process.
 * Told of acknowledgements by whoever gets them. A disk that was lost takes its promises with it.
 */
import { assert } from '../../base/assert.ts'
import type { NodeId, StripeId } from '../../base/id.ts'
import { decodeHeader, stripeId } from '../../coding/stripe.ts'
import type { Primitives } from '../../ports/primitives.ts'
import type { Messages } from '../../wire/messages.ts'
import type { FragmentDisk } from '../memory/fragmentStore.ts'
import { fragmentCount, type WithDisks } from './fragmentsOnDisks.ts'

export class AcknowledgedFragments {
  /** Runs after every event. */
  readonly check: (world: WithDisks) => void
  private readonly primitives: Primitives
  private readonly promised = new Map<NodeId, Map<StripeId, Set<number>>>()
  private readonly lastSeen = new Map<FragmentDisk, string>()
  private countSoFar = 0

  constructor(primitives: Primitives) {
    this.primitives = primitives
    this.check = (world) => this.compare(world)
  }

  get count(): number {
    return this.countSoFar
  }

  /** `holder` has answered the request with a receipt. */
  add(holder: NodeId, request: Messages['store']['request']): void {
    const header = decodeHeader(request.header)
    assert(header.ok, 'nodes of ours send well-formed headers')
    const stripe = stripeId(this.primitives, header.value)
    const byStripe = this.promised.get(holder) ?? new Map<StripeId, Set<number>>()
    const indices = byStripe.get(stripe) ?? new Set<number>()
    for (const { index } of request.fragments) indices.add(index)
    this.countSoFar += request.fragments.length
    this.promised.set(holder, byStripe.set(stripe, indices))
  }

  private compare(world: WithDisks): void {
    for (let node = 0; node < world.nodeCount; node++) {
      const { fragments } = world.disk(node)
      const seen = `${this.countSoFar} ${fragmentCount(fragments)}`
      if (this.lastSeen.get(fragments) === seen) continue
      this.lastSeen.set(fragments, seen)
      for (const [stripe, indices] of this.promised.get(world.contact(node).id) ?? []) {
        const kept = fragments.get(stripe)
        for (const index of indices)
          assert(kept?.has(index) === true, `node ${node} lost fragment ${index} of ${stripe}`)
      }
    }
  }
}
