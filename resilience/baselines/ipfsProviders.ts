/**
 * Provider records as go-libp2p-kad-dht keeps and finds them (v0.18 to v0.2x, query.go, lookup.go, routing.go): k = 20, 10 requests
 * under way, a walk that ends when the 3 nearest known have answered. What is still under way then is given up, and those of the
 * 20 nearest that have not answered are asked in a follow-up, which finds nobody else. A record is put on those 20.
 */
import { compareDistance, type NodeId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'

const K = 20
const ALPHA = 10
const BETA = 3

/** Whether a request still matters to whoever made it. */
export interface Patience {
  readonly isOver: boolean
}

export interface WalkOptions {
  readonly self: NodeId
  readonly target: Point
  readonly seeds: readonly Contact[]
  /** A node's answer; undefined when it gave none. */
  readonly ask: (contact: Contact, patience: Patience) => Promise<readonly Contact[] | undefined>
}

/** The 20 nearest nodes that had not failed when the walk ended. All of them have been asked; not all need have answered. */
export async function closestPeers(options: WalkOptions): Promise<readonly Contact[]> {
  const walk = new Walk(options)
  await walk.run()
  const found = walk.nearest(K)
  const rest = found.filter(({ state }) => state !== 'answered')
  await Promise.all(rest.map(({ contact }) => options.ask(contact, { isOver: false })))
  return found.map(({ contact }) => contact)
}

/**
 * Whether a search meets a node that `has` the record, by the search of the attack's artifacts (FindProvidersReturnOnPathNodes): each
 * node is asked who is nearer and then, once, for the record; what is given up when the walk ends counts as asked.
 */
export async function findsRecord(options: WalkOptions, has: (contact: Contact) => boolean): Promise<boolean> {
  const asked = new Set<NodeId>()
  let isFound = false
  await closestPeers({
    ...options,
    ask: async (contact, patience) => {
      const isFirst = !asked.has(contact.id)
      asked.add(contact.id)
      const closer = await options.ask(contact, patience)
      if (closer === undefined || !isFirst || patience.isOver) return closer
      await options.ask(contact, patience)
      if (!patience.isOver && has(contact)) isFound = true
      return closer
    },
  })
  return isFound
}

type State = 'heard' | 'asked' | 'answered'

interface Known {
  readonly contact: Contact
  state: State
}

class Walk {
  private readonly options: WalkOptions
  private readonly known: Known[] = []
  private readonly ids: Set<NodeId>
  private readonly underWay = new Set<Promise<void>>()
  private readonly patience = { isOver: false }

  constructor(options: WalkOptions) {
    this.options = options
    this.ids = new Set([options.self])
    for (const seed of options.seeds) this.hear(seed)
  }

  nearest(count: number): readonly Known[] {
    return this.known.slice(0, count)
  }

  async run(): Promise<void> {
    while (this.nearest(BETA).some(({ state }) => state !== 'answered')) {
      const next = this.known.find(({ state }) => state === 'heard')
      if (next !== undefined && this.underWay.size < ALPHA) this.start(next)
      else if (this.underWay.size > 0) await Promise.race(this.underWay)
      else break
    }
    this.patience.isOver = true
  }

  private start(known: Known): void {
    known.state = 'asked'
    const request = this.options.ask(known.contact, this.patience).then((contacts) => {
      this.underWay.delete(request)
      if (this.patience.isOver) return
      if (contacts === undefined) this.known.splice(this.known.indexOf(known), 1)
      else known.state = 'answered'
      for (const contact of contacts ?? []) this.hear(contact)
    })
    this.underWay.add(request)
  }

  private hear(contact: Contact): void {
    if (this.ids.has(contact.id)) return
    this.ids.add(contact.id)
    this.known.splice(this.placeOf(contact.id), 0, { contact, state: 'heard' })
  }

  /** How many known ones are nearer. */
  private placeOf(id: NodeId): number {
    let [low, high] = [0, this.known.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const { contact } = this.known[middle] as Known
      if (compareDistance(this.options.target, contact.id, id) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
