/** A checker: nothing is on any disk that does not prove that it belongs to the stripe it is filed under. */
import { assert } from '../../base/assert.ts'
import { verifyFragment } from '../../coding/stripe.ts'
import type { StoredFragment } from '../../ports/fragmentStore.ts'
import type { Primitives } from '../../ports/primitives.ts'
import type { FragmentDisk } from '../memory/fragmentStore.ts'
import { fragmentCount, type WithDisks } from './fragmentsOnDisks.ts'

/** Each fragment is verified once, when its disk has grown. One checker serves one world. */
export function storedFragmentsVerify(primitives: Primitives): (world: WithDisks) => void {
  const verified = new WeakSet<StoredFragment>()
  const counts = new Map<FragmentDisk, number>()
  return (world) => {
    for (let node = 0; node < world.nodeCount; node++) {
      const { fragments } = world.disk(node)
      const count = fragmentCount(fragments)
      if (counts.get(fragments) === count) continue
      counts.set(fragments, count)
      for (const [stripe, byIndex] of fragments) {
        for (const [index, { fragment }] of byIndex) {
          if (verified.has(fragment)) continue
          const proven = verifyFragment(primitives, stripe, fragment)
          assert(proven.ok && fragment.index === index, `node ${node} keeps a fragment that proves nothing`)
          verified.add(fragment)
        }
      }
    }
  }
}
