/**
 * What a node does for the stripes it keeps, with nobody watching: looks at those that are its to look after, notices what is gone, and
 * rebuilds it. Machines decide when (duty.ts) and what (census.ts); this is the loop that runs them.
 */
import { isFailure } from '../base/failure.ts'
import { compareDistance, distanceFraction, type NodeId, type StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { regionPoint } from '../crypto/derive.ts'
import { REGION_SIZE } from '../overlay/limits.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { FragmentStore } from '../ports/fragmentStore.ts'
import { Census, type RepairRules } from './census.ts'
import { checkStripe, type CheckDeps } from './checkStripe.ts'
import { Departures, type Outlook } from './departures.ts'
import { Duty, epochAt, holdersBefore, type DutyRules } from './duty.ts'
import { heldPages } from './heldPages.ts'
import {
  CENSUS_GRACES,
  CENSUSES_MAX,
  CHECKS_PARALLEL,
  CHECKS_PER_AUDIT,
  CHECKS_PER_GRACE,
  COUNT_PAUSE_MS,
  DUTY_TICK_MS_MAX,
  DUTY_TICK_MS_MIN,
  LOOK_OUTS_PER_CHECK,
  NEWCOMER_RANK,
  REPAIRS_PARALLEL,
} from './limits.ts'
import { regionCount, type PlaceDeps } from './placeStripe.ts'
import { repairStripe } from './repairStripe.ts'

export interface RepairerDeps extends CheckDeps, PlaceDeps {
  readonly fragments: FragmentStore
}

export interface RepairCounts {
  /** Looks at stripes, and how many stripes were rebuilt, with how much, and how often that failed. */
  readonly checks: number
  readonly repairs: number
  readonly fragments: number
  readonly bytes: number
  readonly failures: number
}

export class Repairer {
  private readonly deps: RepairerDeps
  private readonly rules: RepairRules & DutyRules
  private readonly duty: Duty
  private readonly censuses = new Map<StripeId, Census>()
  /** Of holders, and of whom the overlay knows. */
  private readonly departures: Departures
  private readonly contactDepartures: Departures
  private contacts: readonly NodeId[] = []
  private outlook: Outlook = 'unknown'
  private lookedOutMs = -Infinity
  private readonly totals = new Map<StripeId, number>()
  private readonly repairing = new Set<StripeId>()
  private readonly places = new Semaphore(REPAIRS_PARALLEL)
  private readonly ending = new AbortController()
  private readonly startedMs: number
  private readonly counted = { checks: 0, repairs: 0, fragments: 0, bytes: 0, failures: 0 }

  constructor(deps: RepairerDeps, rules: RepairRules) {
    this.deps = deps
    this.rules = { ...rules, checkMs: rules.graceMs / CHECKS_PER_GRACE }
    this.duty = new Duty(this.rules)
    this.departures = new Departures(rules.graceMs)
    this.contactDepartures = new Departures(rules.graceMs)
    this.startedMs = deps.clock.now()
  }

  get counts(): RepairCounts {
    return { ...this.counted }
  }

  /** Looks after what is held from now on, until `stop`. */
  start(): void {
    void this.run()
  }

  stop(failure: Error): void {
    this.ending.abort(failure)
  }

  /** Fragments of a stripe were taken in. */
  onKept(stripe: StripeId, total: number): void {
    this.totals.set(stripe, total)
    this.duty.add(stripe, this.deps.clock.now(), 0)
  }

  /** Somebody looked at a stripe. This node rests when that one comes before it. */
  onChecked(stripe: StripeId, from: NodeId): void {
    const total = this.totals.get(stripe)
    if (total === undefined) return
    const point = this.leadingPoint(stripe, total)
    if (compareDistance(point, from, this.deps.network.self.id) < 0) this.duty.onLooked(stripe, this.deps.clock.now())
  }

  private async run(): Promise<void> {
    const { clock, random } = this.deps
    const { signal } = this.ending
    await this.takeStock().catch(passWeather)
    const tickMs = Math.min(DUTY_TICK_MS_MAX, Math.max(DUTY_TICK_MS_MIN, this.rules.checkMs / 8))
    while (!signal.aborted) {
      await clock.sleep(tickMs / 2 + random.integer(Math.ceil(tickMs)), signal).catch(passWeather)
      if (!signal.aborted) await this.look().catch(passWeather)
    }
  }

  private async takeStock(): Promise<void> {
    const { fragments, clock, random } = this.deps
    const walk = { pauseMs: COUNT_PAUSE_MS, signal: this.ending.signal }
    for await (const page of heldPages({ clock, shelf: fragments }, walk)) {
      for (const { stripe, header } of page) {
        this.totals.set(stripe, header.total)
        this.duty.add(stripe, clock.now(), random.integer(1000) / 1000)
      }
    }
  }

  /** Looks at all that is due, many at once so that questions to one holder travel together. */
  private async look(): Promise<void> {
    let due: readonly StripeId[]
    this.lookOut()
    do {
      due = this.duty.due(this.deps.clock.now(), CHECKS_PARALLEL, (stripe) => this.rank(stripe))
      await Promise.all(due.map((stripe) => this.check(stripe)))
    } while (due.length === CHECKS_PARALLEL && !this.ending.signal.aborted)
  }

  /** Holders tell, where enough are known; else whom the overlay knows, though some of them only lost their places in its table. */
  private lookOut(): void {
    const nowMs = this.deps.clock.now()
    if (Math.abs(nowMs - this.lookedOutMs) < this.rules.checkMs / LOOK_OUTS_PER_CHECK) return
    this.lookedOutMs = nowMs
    const before = this.contacts
    this.contacts = this.deps.overlay.contactIds()
    this.contactDepartures.onRound(before, this.contacts, nowMs)
    const told = this.departures.outlook(nowMs)
    this.outlook = told === 'unknown' ? this.contactDepartures.outlook(nowMs) : told
  }

  private rank(stripe: StripeId): number {
    const total = this.totals.get(stripe) ?? 1
    const { overlay, network, clock } = this.deps
    const point = this.leadingPoint(stripe, total)
    const place = {
      rank: overlay.rankAt(point, REGION_SIZE),
      distance: distanceFraction(point, network.self.id),
      total,
      regions: regionCount(total),
      nodes: overlay.networkSize(),
    }
    const isNew = clock.now() - this.startedMs < this.rules.graceMs
    return holdersBefore(place) + (isNew ? NEWCOMER_RANK : 0)
  }

  private leadingPoint(stripe: StripeId, total: number): ReturnType<typeof regionPoint> {
    const epoch = epochAt(this.deps.clock.now(), this.rules)
    return regionPoint(this.deps.primitives, stripe, epoch % regionCount(total))
  }

  private async check(stripe: StripeId): Promise<void> {
    const { fragments, clock } = this.deps
    this.duty.onLooked(stripe, clock.now())
    const held = await fragments.held(stripe)
    if (held === undefined) {
      this.forget(stripe)
      return
    }
    const census = this.censusOf(stripe, held.header)
    if (census === undefined) return
    this.counted.checks++
    // When half of what may be gone before a repair is missing already, what others have heard is not enough.
    const isThorough = census.aliveCount < (held.header.total * (1 + this.rules.share)) / 2
    const isAudit = census.isAuditDue(clock.now(), this.rules.checkMs * CHECKS_PER_AUDIT)
    const before = holderIds(census)
    await checkStripe(this.deps, stripe, census, { isAudit, isThorough, signal: this.ending.signal })
      .then(() => this.departures.onRound(before, holderIds(census), clock.now()))
      .catch(passWeather)
    this.duty.onLooked(stripe, clock.now())
    const toRebuild = census.toRebuild(this.outlook)
    if (toRebuild.length > 0) void this.repair(stripe, census, toRebuild).catch(passWeather)
  }

  /** Undefined when this node looks after as much as it can; then the next stand-in's turn comes. */
  private censusOf(stripe: StripeId, header: StripeHeader): Census | undefined {
    const census = this.censuses.get(stripe)
    this.censuses.delete(stripe)
    this.forgetOldCensuses()
    if (census === undefined && this.censuses.size >= CENSUSES_MAX) return undefined
    // At the end: those that were not looked at for longest come first.
    this.censuses.set(stripe, census ?? new Census(header, this.rules))
    return this.censuses.get(stripe)
  }

  private forgetOldCensuses(): void {
    const oldestMs = this.deps.clock.now() - CENSUS_GRACES * this.rules.graceMs
    for (const [stripe, { lastRoundMs }] of this.censuses) {
      if (lastRoundMs === undefined || lastRoundMs >= oldestMs) return
      this.censuses.delete(stripe)
    }
  }

  private async repair(stripe: StripeId, census: Census, toRebuild: readonly number[]): Promise<void> {
    if (this.repairing.has(stripe)) return
    this.repairing.add(stripe)
    const { signal } = this.ending
    const release = await this.places.acquire(1, signal)
    try {
      const options = { kept: census.kept(toRebuild), except: census.distrusted(), lease: census.lease(), signal }
      const repaired = await repairStripe(this.deps, stripe, options)
      this.counted.repairs++
      this.counted.fragments += repaired.fragments
      this.counted.bytes += repaired.bytes
    } catch (error) {
      this.counted.failures++
      throw error
    } finally {
      release()
      this.repairing.delete(stripe)
    }
  }

  private forget(stripe: StripeId): void {
    this.duty.remove(stripe)
    this.totals.delete(stripe)
    this.censuses.delete(stripe)
  }
}

function holderIds(census: Census): readonly NodeId[] {
  return census.holders.map(({ id }) => id)
}

/** What fails is tried again in the next round; a defect is not weather. */
function passWeather(error: unknown): void {
  if (!isFailure(error)) throw error
}
