/** Who keeps which fragments of one stripe, by node and by failure domain, as far as they say so themselves. */
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { failureDomain, type DomainOf } from './failureDomain.ts'

export class Keepers {
  private readonly holders = new Map<NodeId, ReadonlySet<number>>()
  private readonly domains = new Map<string, Set<number>>()
  private readonly alive = new Set<number>()
  private readonly domainOf: DomainOf

  constructor(domainOf: DomainOf = failureDomain) {
    this.domainOf = domainOf
  }

  /** What one node says that it keeps; nodes that keep nothing are no holders. */
  add(contact: Contact, indices: readonly number[]): void {
    if (indices.length === 0) return
    this.holders.set(contact.id, new Set(indices))
    const name = this.domainOf(contact)
    const domain = this.domains.get(name) ?? new Set()
    this.domains.set(name, domain)
    for (const index of indices) {
      domain.add(index)
      this.alive.add(index)
    }
  }

  /** Distinct fragments. */
  get aliveCount(): number {
    return this.alive.size
  }

  get holderCount(): number {
    return this.holders.size
  }

  get domainCount(): number {
    return this.domains.size
  }

  /** The largest share of the living fragments that one domain keeps, also those that others keep too; 0 when none live. */
  get domainShareMax(): number {
    return Math.max(0, ...[...this.domains.values()].map((kept) => kept.size)) / Math.max(1, this.alive.size)
  }

  /** Fragments of each holder, as {@link countedOnce} counts them. */
  heldByHolder(): ReadonlyMap<string, number> {
    return countedOnce(this.holders)
  }

  /** The same of each failure domain. */
  heldByDomain(): ReadonlyMap<string, number> {
    return countedOnce(this.domains)
  }
}

/**
 * How many fragments count for each keeper when every fragment counts once: one that several keep for that which has fewest so
 * far. Whoever departs, those who stay keep at least as many distinct fragments as their counts add up to.
 */
export function countedOnce(kept: ReadonlyMap<string, ReadonlySet<number>>): ReadonlyMap<string, number> {
  const names = [...kept.keys()].sort()
  const counts = new Map(names.map((name) => [name, 0]))
  for (const keepers of keepersOf(kept, names)) {
    const least = keepers.reduce((best, name) => ((counts.get(name) ?? 0) < (counts.get(best) ?? 0) ? name : best))
    counts.set(least, (counts.get(least) ?? 0) + 1)
  }
  return counts
}

/** For each fragment its keepers; fragments with the fewest come first, since those with more can still make it even. */
function keepersOf(
  kept: ReadonlyMap<string, ReadonlySet<number>>,
  names: readonly string[],
): readonly (readonly string[])[] {
  const byIndex = new Map<number, string[]>()
  for (const name of names) {
    for (const index of kept.get(name) ?? []) {
      const keepers = byIndex.get(index)
      if (keepers === undefined) byIndex.set(index, [name])
      else keepers.push(name)
    }
  }
  return [...byIndex.entries()]
    .sort(([a, keepersA], [b, keepersB]) => keepersA.length - keepersB.length || a - b)
    .map(([, keepers]) => keepers)
}
