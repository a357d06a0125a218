/**
 * Lookups over the network: asks whom the lookup says, tells it what came, and lets the table, the size estimate and the suspicion
 * learn from it. Every lookup ends: each request has a deadline, and the lookup one of its own.
 */
import { abortFailure, isFailure } from '../base/failure.ts'
import type { Point } from '../base/id.ts'
import { deferred } from '../base/signals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import { FIND_MS, LOOKUP_MS, REGION_SIZE, WALK_QUOTA } from './limits.ts'
import type { Liveness } from './liveness.ts'
import { Lookup, type LookupOptions, type LookupResult } from './lookup.ts'
import type { RoutingTable } from './routingTable.ts'
import { SizeEstimate } from './sizeEstimate.ts'
import { Suspicion } from './suspicion.ts'

/** How hard to look. */
type LookupCare = Pick<LookupOptions, 'quotaMax' | 'isAudit' | 'isUrgent'>

export interface SearchDeps {
  readonly clock: Clock
  readonly network: Network<Messages>
  readonly table: RoutingTable
  readonly liveness: Liveness
}

export class Search {
  private readonly deps: SearchDeps
  private readonly size = new SizeEstimate()
  private readonly suspicion = new Suspicion()

  constructor(deps: SearchDeps) {
    this.deps = deps
  }

  /** Estimate of how many nodes the network has, this one included; exact while the table knows all of them. */
  networkSize(): number {
    const { table } = this.deps
    return table.exactSize() ?? this.size.value(table.self, table.nearest(table.self, REGION_SIZE), table.size + 1)
  }

  /** What the network's size hardly exceeds: exact where everybody is known, else the estimate and four of its deviations. */
  networkSizeMax(): number {
    // Each of the places, this node's own among them, is off by one part in the root of REGION_SIZE.
    const deviation = 1 / Math.sqrt(REGION_SIZE * (this.size.sampleCount + 1))
    return this.deps.table.exactSize() ?? Math.ceil(this.networkSize() * (1 + 4 * deviation))
  }

  /** Places of which the size estimate knows the density. */
  get sampleCount(): number {
    return this.size.sampleCount
  }

  /** Share of liars that lookups have met of late. */
  lyingShare(): number {
    return this.suspicion.lyingShare(this.deps.clock.now())
  }

  /**
   * The nodes around a point. Rejects only when the signal is aborted. The size estimate does not learn from it: what is looked up is
   * what others have made links to, and they may crowd every place of which they make us think.
   */
  lookup(target: Point, signal?: AbortSignal): Promise<LookupResult> {
    return this.run(this.begin(target, { isUrgent: true }), signal)
  }

  /** To keep the table and the size estimate fresh, at a point that this node has drawn: it does not look as hard where many lie. */
  walk(target: Point, signal?: AbortSignal): Promise<LookupResult> {
    return this.measured(target, { quotaMax: WALK_QUOTA }, signal)
  }

  /** A walk that also asks nodes whom no nearer one has named: what it finds out about liars tells later lookups how hard to look. */
  audit(target: Point, signal?: AbortSignal): Promise<LookupResult> {
    return this.measured(target, { quotaMax: WALK_QUOTA, isAudit: true }, signal)
  }

  /** A walk to a point chosen by this node's own id: it says nothing about the network's size that the table does not. */
  walkNearby(target: Point, signal?: AbortSignal): Promise<LookupResult> {
    return this.run(this.begin(target, { quotaMax: WALK_QUOTA }), signal)
  }

  /** The size estimate learns from it. */
  private async measured(target: Point, care: LookupCare, signal: AbortSignal | undefined): Promise<LookupResult> {
    const found = await this.run(this.begin(target, care), signal)
    if (found.exhaustive) this.size.onLookup(target, found.closest)
    return found
  }

  private async run(lookup: Lookup, signal: AbortSignal | undefined): Promise<LookupResult> {
    const { clock } = this.deps
    let changed = deferred<void>()
    for (;;) {
      if (signal?.aborted === true) throw abortFailure(signal)
      const step = lookup.next(clock.now())
      if (step.kind === 'done') {
        this.learn(lookup.target, step)
        return step
      }
      if (step.kind === 'wait') {
        await changed.promise
        changed = deferred<void>()
        continue
      }
      void this.ask(lookup, step.contact, signal).then(() => {
        changed.resolve()
      })
    }
  }

  private begin(target: Point, care: LookupCare): Lookup {
    const { table, clock } = this.deps
    return new Lookup({
      target,
      self: table.self,
      seeds: table.nearest(target, REGION_SIZE).map(({ contact }) => contact),
      contacts: () => table.all().map(({ contact }) => contact),
      networkSize: this.networkSize(),
      suspectedShare: this.lyingShare(),
      deadlineMs: clock.now() + LOOKUP_MS,
      ...care,
    })
  }

  private async ask(lookup: Lookup, contact: Contact, signal?: AbortSignal): Promise<void> {
    const { network, table, liveness } = this.deps
    try {
      const options = signal === undefined ? { timeoutMs: FIND_MS } : { timeoutMs: FIND_MS, signal }
      const { contacts } = await network.request(contact, 'find', { target: lookup.target }, options)
      liveness.onAnswer(contact)
      for (const mentioned of lookup.onReply(contact.id, contacts)) table.onMentioned(mentioned)
    } catch (error) {
      if (!isFailure(error)) throw error
      lookup.onFailure(contact.id)
      // A caller that gives up says nothing about the peer.
      if (signal?.aborted !== true) liveness.onSilence(contact, error)
    }
  }

  private learn(target: Point, { closest, exhaustive, reach, lyingShare }: LookupResult): void {
    // What an empty table finds says nothing about the space.
    if (exhaustive && closest.length > 0) this.deps.table.onExplored(target, reach)
    if (lyingShare !== undefined) this.suspicion.onLookup(lyingShare, this.deps.clock.now())
  }
}
