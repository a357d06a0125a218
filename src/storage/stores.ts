/**
 * Fragments on their way to holders. Small ones for the same holder travel together: each message costs both sides a signature, a write
 * and a commit, however little it carries.
 */
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { deferred, orAborted, type Deferred } from '../base/signals.ts'
import type { NodeIds } from '../crypto/nodeIds.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Primitives } from '../ports/primitives.ts'
import { STORE_STRIPES_MAX } from '../wire/limits.ts'
import type { Messages } from '../wire/messages.ts'
import { JOINED_BYTES_MAX, JOINED_UNDER_WAY_MAX, STORE_BYTES, STORE_FRAGMENTS_MAX, STORE_MS } from './limits.ts'
import { isJointReceiptValid, isReceiptValid, type Kept } from './receipt.ts'

export interface StoresDeps {
  readonly primitives: Primitives
  readonly ids: NodeIds
  readonly network: Network<Messages>
}

/** What one holder is asked to keep of one stripe. */
export interface Offer extends Kept {
  readonly request: Messages['store']['request']
}

interface Waiting extends Deferred<void> {
  readonly offer: Offer
  readonly signal: AbortSignal
}

/** Of one holder: what waits, and how many messages with several offers it has not answered. */
interface Lane {
  waiting: Waiting[]
  underWay: number
}

/** With these a holder says nothing about any one offer, so that sending each alone would change nothing. */
const OF_ALL: readonly FailureCode[] = ['unreachable', 'timed-out', 'busy', 'closed', 'aborted']

export class Stores {
  private readonly deps: StoresDeps
  private readonly lanes = new Map<NodeId, Lane>()

  constructor(deps: StoresDeps) {
    this.deps = deps
  }

  /**
   * Settles when the holder has given its word. Rejects with what it refuses with, `damaged` when it has signed something else, or as a
   * request does.
   */
  async store(contact: Contact, offer: Offer, signal: AbortSignal): Promise<void> {
    if (bytesOf(offer) > JOINED_BYTES_MAX) return this.sendAlone(contact, offer, signal)
    const waiting: Waiting = { ...deferred<void>(), offer, signal }
    // Whoever gives up hears of it below.
    waiting.promise.catch(() => undefined)
    const lane = this.lanes.get(contact.id) ?? { waiting: [], underWay: 0 }
    this.lanes.set(contact.id, lane)
    lane.waiting.push(waiting)
    void this.pumpSoon(contact, lane)
    return orAborted(waiting.promise, signal)
  }

  private async pumpSoon(contact: Contact, lane: Lane): Promise<void> {
    // One turn of the promise queue lets the offers of the same moment gather.
    await Promise.resolve()
    this.pump(contact, lane)
  }

  /** Sends what waits, unless as much is under way as is good: then it gathers until there is an answer. */
  private pump(contact: Contact, lane: Lane): void {
    while (lane.underWay < JOINED_UNDER_WAY_MAX) {
      lane.waiting = lane.waiting.filter(({ signal }) => !signal.aborted)
      const together = lane.waiting.splice(0, fittingCount(lane.waiting))
      if (together.length === 0) break
      lane.underWay++
      void this.sendTogether(contact, together).then(() => {
        lane.underWay--
        this.pump(contact, lane)
      })
    }
    if (lane.underWay === 0) this.lanes.delete(contact.id)
  }

  private async sendTogether(contact: Contact, together: readonly Waiting[]): Promise<void> {
    const alone = together.length > 1 ? await this.sendJoint(contact, together) : together
    await Promise.all(
      alone.map(async (waiting) => {
        try {
          await this.sendAlone(contact, waiting.offer, waiting.signal)
          waiting.resolve()
        } catch (error) {
          waiting.reject(error)
        }
      }),
    )
  }

  /** Settles them and returns none, or, when some are refused for their own sake and nobody knows which, returns all of them. */
  private async sendJoint(contact: Contact, together: readonly Waiting[]): Promise<readonly Waiting[]> {
    const { network } = this.deps
    const offers = together.map(({ offer }) => offer)
    const request = {
      offers: offers.map((offer) => offer.request),
      body: offers.flatMap((offer) => offer.request.body ?? []),
    }
    const terms = { sender: network.self.id, kept: offers }
    try {
      const options = { timeoutMs: STORE_MS, signal: allAborted(together) }
      const receipt = await network.request(contact, 'storeAll', request, options)
      if (!(await isJointReceiptValid(this.deps, receipt, contact.id, terms))) throw unsigned(contact)
      for (const waiting of together) waiting.resolve()
    } catch (error) {
      if (!OF_ALL.some((code) => isFailure(error, code))) return together
      for (const waiting of together) waiting.reject(error)
    }
    return []
  }

  private async sendAlone(contact: Contact, offer: Offer, signal: AbortSignal): Promise<void> {
    const { network } = this.deps
    const receipt = await network.request(contact, 'store', offer.request, { timeoutMs: STORE_MS, signal })
    const terms = { ...offer, sender: network.self.id }
    if (!(await isReceiptValid(this.deps, receipt, contact.id, terms))) throw unsigned(contact)
  }
}

/** How many of these fit one message. */
function fittingCount(waiting: readonly Waiting[]): number {
  let bytes = 0
  let fragments = 0
  for (const [count, { offer }] of waiting.entries()) {
    bytes += bytesOf(offer)
    fragments += offer.indices.length
    if (count >= STORE_STRIPES_MAX || bytes > STORE_BYTES || fragments > STORE_FRAGMENTS_MAX) return count
  }
  return waiting.length
}

function bytesOf({ request }: Offer): number {
  return (request.body ?? []).reduce((sum, { length }) => sum + length, 0)
}

/** Aborted when nobody of them waits any more. */
function allAborted(together: readonly Waiting[]): AbortSignal {
  const controller = new AbortController()
  let left = together.length
  for (const { signal } of together) {
    const onAbort = (): void => {
      if (--left === 0) controller.abort(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  }
  return controller.signal
}

function unsigned({ id }: Contact): Failure {
  return new Failure('damaged', `node ${id.slice(0, 8)} gave a receipt that it did not sign`)
}
