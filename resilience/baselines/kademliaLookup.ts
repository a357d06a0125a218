/**
 * Iterative lookups as their papers have them: Kademlia's (Maymounkov and Mazières, IPTPS 2002, section 2.3) with up to `alpha`
 * requests under way, and S/Kademlia's over disjoint paths (Baumgart and Mies, P2P-NVE 2007, section 4.4): the nearest known
 * contacts are dealt to the paths, each goes its own way, and no node is asked by two of them.
 * Absent on purpose: whom to ask and how. The caller gives `ask`.
 */
import { compareDistance, type NodeId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'

/** A node's answer to FIND; undefined when it gave none. */
export type Ask = (contact: Contact) => Promise<readonly Contact[] | undefined>

export interface LookupOptions {
  readonly self: NodeId
  readonly target: Point
  /** From the seeker's own table. */
  readonly seeds: readonly Contact[]
  /** How many nearest nodes must have answered: Kademlia's k. */
  readonly count: number
  /** Requests under way at once: Kademlia's alpha. */
  readonly parallel: number
  readonly ask: Ask
}

/** The nearest `count` that answered, nearest first. */
export async function kademliaLookup(options: LookupOptions): Promise<readonly Contact[]> {
  return walk(options, new Set([options.self]))
}

/** What each of the disjoint paths found, every path with one request under way. */
export async function disjointLookup(options: LookupOptions & { readonly paths: number }): Promise<readonly Contact[]> {
  const asked = new Set([options.self])
  const paths = Array.from({ length: options.paths }, (_, path) => {
    const seeds = options.seeds.filter((_seed, nth) => nth % options.paths === path)
    return walk({ ...options, seeds }, asked)
  })
  return (await Promise.all(paths)).flat()
}

/** One path. Nodes in `asked` are not asked again, by whichever path they were. */
async function walk(options: LookupOptions, asked: Set<NodeId>): Promise<readonly Contact[]> {
  const shortlist = new Shortlist(options.target)
  for (const seed of options.seeds) shortlist.add(seed)
  const underWay = new Set<Promise<void>>()
  for (;;) {
    const next = shortlist.nearest(options.count).find(({ id }) => !asked.has(id))
    if (next !== undefined && underWay.size < options.parallel) {
      asked.add(next.id)
      const request = options.ask(next).then((contacts) => {
        underWay.delete(request)
        if (contacts === undefined) shortlist.drop(next.id)
        else shortlist.answered(next.id, contacts)
      })
      underWay.add(request)
    } else if (underWay.size > 0) await Promise.race(underWay)
    else return shortlist.nearest(options.count).filter(({ id }) => shortlist.hasAnswered(id))
  }
}

/** The contacts a path knows, nearest first. */
class Shortlist {
  private readonly target: Point
  private readonly contacts: Contact[] = []
  private readonly known = new Set<NodeId>()
  private readonly answerers = new Set<NodeId>()

  constructor(target: Point) {
    this.target = target
  }

  add(contact: Contact): void {
    if (this.known.has(contact.id)) return
    this.known.add(contact.id)
    const at = this.contacts.findIndex(({ id }) => compareDistance(this.target, contact.id, id) < 0)
    this.contacts.splice(at < 0 ? this.contacts.length : at, 0, contact)
  }

  answered(id: NodeId, closer: readonly Contact[]): void {
    this.answerers.add(id)
    for (const contact of closer) this.add(contact)
  }

  drop(id: NodeId): void {
    const at = this.contacts.findIndex((contact) => contact.id === id)
    if (at >= 0) this.contacts.splice(at, 1)
  }

  hasAnswered(id: NodeId): boolean {
    return this.answerers.has(id)
  }

  nearest(count: number): readonly Contact[] {
    return this.contacts.slice(0, count)
  }
}
