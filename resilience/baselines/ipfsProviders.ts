/**
 * Provider records as go-libp2p-kad-dht keeps and finds them (v0.2x, query.go, lookup.go, routing.go): k = 20, 10 requests under way,
 * a walk that ends when the 3 nearest known have answered, followed by asking the rest of the 20 nearest. A record is put on
 * the 20 nearest found; a search asks for it on the way and ends with the first record.
 */
import { compareDistance, type NodeId, type Point } from '../../src/base/id.ts'
import type { Contact } from '../../src/ports/connection.ts'
import type { Ask } from './kademliaLookup.ts'

const K = 20
const ALPHA = 10
const BETA = 3

export interface WalkOptions {
  readonly self: NodeId
  readonly target: Point
  readonly seeds: readonly Contact[]
  readonly ask: Ask
  /** Asked after every answer; true ends the walk. */
  readonly isEnough?: () => boolean
}

type State = 'heard' | 'asked' | 'answered'

interface Known {
  readonly contact: Contact
  state: State
}

/** The 20 nearest nodes that the walk has heard of and that have not failed, after all of them have been asked. */
export async function closestPeers(options: WalkOptions): Promise<readonly Contact[]> {
  const walk = new Walk(options)
  await walk.askWhile(() => walk.nearest(BETA).some(({ state }) => state !== 'answered'), ALPHA)
  // The follow-up asks those that are left of the 20 nearest as they stand when the walk ends, all at once.
  const rest = new Set(walk.nearest(K))
  await walk.askWhile(() => [...rest].some(({ state }) => state === 'heard'), K, rest)
  return walk.nearest(K).map(({ contact }) => contact)
}

class Walk {
  private readonly options: WalkOptions
  private readonly known: Known[] = []
  private readonly ids: Set<NodeId>
  private readonly underWay = new Set<Promise<void>>()

  constructor(options: WalkOptions) {
    this.options = options
    this.ids = new Set([options.self])
    for (const seed of options.seeds) this.hear(seed)
  }

  nearest(count: number): readonly Known[] {
    return this.known.slice(0, count)
  }

  /** Asks the nearest not yet asked, `parallel` at once, as long as `isWanted`; only those `among`, when given. */
  async askWhile(isWanted: () => boolean, parallel: number, among?: ReadonlySet<Known>): Promise<void> {
    const isEnough = this.options.isEnough ?? (() => false)
    while (isWanted() && !isEnough()) {
      const next = this.known.find((each) => each.state === 'heard' && (among?.has(each) ?? true))
      if (next !== undefined && this.underWay.size < parallel) this.start(next)
      else if (this.underWay.size > 0) await Promise.race(this.underWay)
      else break
    }
    await Promise.all(this.underWay)
  }

  private start(known: Known): void {
    known.state = 'asked'
    const request = this.options.ask(known.contact).then((contacts) => {
      this.underWay.delete(request)
      if (contacts === undefined) this.known.splice(this.known.indexOf(known), 1)
      else known.state = 'answered'
      for (const contact of contacts ?? []) this.hear(contact)
    })
    this.underWay.add(request)
  }

  private hear(contact: Contact): void {
    if (this.ids.has(contact.id)) return
    this.ids.add(contact.id)
    const { target } = this.options
    const at = this.known.findIndex((each) => compareDistance(target, contact.id, each.contact.id) < 0)
    this.known.splice(at < 0 ? this.known.length : at, 0, { contact, state: 'heard' })
  }
}
