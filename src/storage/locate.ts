/** Finding who holds a stripe's fragments: its regions a few at a time, every member of each asked once. */
import { abortFailure, isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { regionPoint } from '../crypto/derive.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { RegionOptions } from '../overlay/region.ts'
import type { Contact } from '../ports/connection.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Holding, Holdings } from './holdings.ts'
import { LOCATE_REGIONS_PARALLEL, REGION_COUNT_MAX } from './limits.ts'
import { regionCount } from './placeStripe.ts'

export interface LocateDeps {
  readonly primitives: Primitives
  readonly overlay: Overlay
  readonly holdings: Holdings
}

/** What a search for holders came to: the evidence behind "not found" and "unreachable". */
export interface Evidence {
  /** Nodes responsible for the stripe that were asked, or would have been had they not left. */
  readonly responsible: number
  readonly answeredNo: number
  readonly answeredYes: number
  readonly silent: number
}

/**
 * Asks around, calling `onHolding` for everyone who has fragments, until all responsible nodes were asked or `enough` says so.
 * Settles with what was learnt; rejects only when the signal is aborted.
 */
export async function locateStripe(
  deps: LocateDeps,
  stripe: StripeId,
  options: {
    readonly signal: AbortSignal
    readonly onHolding: (contact: Contact, holding: Holding) => void
    readonly enough: () => boolean
  },
): Promise<Evidence> {
  const search = new Search(deps, stripe, options.onHolding)
  // Hearsay finds what is there and spares those who keep it; that something is not there takes more.
  for (const hearsay of [true, false]) {
    if (!hearsay && !search.hasBelieved) break
    for (let region = 0; region < search.regionCount && !options.enough(); region += LOCATE_REGIONS_PARALLEL) {
      if (options.signal.aborted) throw abortFailure(options.signal)
      const end = Math.min(region + LOCATE_REGIONS_PARALLEL, search.regionCount)
      await search.askRegions(region, end, { signal: options.signal, hearsay })
    }
  }
  return search.evidence()
}

/** Which fragments of a stripe somebody says to hold, of all who are responsible for it. Rejects only when the signal is aborted. */
export async function indicesHeld(
  deps: LocateDeps,
  stripe: StripeId,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const held = new Set<number>()
  await locateStripe(deps, stripe, {
    signal,
    enough: () => false,
    onHolding: (_, { indices }) => {
      for (const index of indices) held.add(index)
    },
  })
  return held
}

class Search {
  /** Known exactly once the first header has been seen. */
  regionCount = REGION_COUNT_MAX
  /** Some region was hearsay. */
  hasBelieved = false
  private readonly deps: LocateDeps
  private readonly stripe: StripeId
  private readonly onHolding: (contact: Contact, holding: Holding) => void
  private readonly asked = new Set<NodeId>()
  private readonly answered = new Set<NodeId>()
  private readonly silent = new Set<NodeId>()
  private answeredNo = 0
  private answeredYes = 0

  constructor(deps: LocateDeps, stripe: StripeId, onHolding: (contact: Contact, holding: Holding) => void) {
    this.deps = deps
    this.stripe = stripe
    this.onHolding = onHolding
  }

  async askRegions(from: number, to: number, options: RegionOptions): Promise<void> {
    const points = Array.from({ length: to - from }, (_, at) =>
      regionPoint(this.deps.primitives, this.stripe, from + at),
    )
    const regions = await this.deps.overlay.regions(points, options)
    const questions: Promise<void>[] = []
    for (const region of regions) {
      this.hasBelieved ||= region.isHearsay
      for (const { id } of region.silent) if (!this.answered.has(id)) this.silent.add(id)
      for (const contact of region.members) {
        if (!this.asked.has(contact.id)) questions.push(this.ask(contact))
        this.asked.add(contact.id)
      }
    }
    await Promise.all(questions)
  }

  evidence(): Evidence {
    return {
      responsible: this.asked.size + [...this.silent].filter((id) => !this.asked.has(id)).length,
      answeredNo: this.answeredNo,
      answeredYes: this.answeredYes,
      silent: this.silent.size,
    }
  }

  private async ask(contact: Contact): Promise<void> {
    try {
      const holding = await this.deps.holdings.ask(contact, this.stripe)
      this.answered.add(contact.id)
      this.silent.delete(contact.id)
      if (holding === undefined) {
        this.answeredNo++
        return
      }
      this.answeredYes++
      this.regionCount = regionCount(holding.header.total)
      this.onHolding(contact, holding)
    } catch (error) {
      if (!isFailure(error, 'closed')) this.silent.add(contact.id)
    }
  }
}
