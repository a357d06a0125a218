/** How an object is: every stripe's fragments counted by asking all their holders. Claims of holders, not yet audits. */
import { Failure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { DAY } from '../base/units.ts'
import { objectKeys } from '../crypto/derive.ts'
import type { Capability } from '../crypto/link.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { DomainOf } from './failureDomain.ts'
import { Keepers } from './keepers.ts'
import { HEALTH_PARALLEL, NODE_LIFETIME_MS, REPAIR_SHARE } from './limits.ts'
import { locateStripe, type Evidence } from './locate.ts'
import type { Health, HealthState } from './objects.ts'
import { readRoot } from './objectReader.ts'
import type { ReadDeps } from './readStripe.ts'
import { segmentCount } from './root.ts'
import { StripeLists } from './stripeLists.ts'
import { ObjectLoss, survivableWorst } from './survival.ts'

interface StripeHealth {
  readonly isData: boolean
  readonly header: StripeHeader | undefined
  readonly alive: number
  /** An estimate; see Health. */
  readonly away: number
  /** Nodes that answered, and nodes that did not. */
  readonly answered: number
  readonly silent: number
  readonly holders: number
  readonly domains: number
  readonly domainShareMax: number
  /** How many holders, and how many domains, may vanish whichever they are. */
  readonly survivesHolders: number
  readonly survivesDomains: number
}

export interface HealthDeps extends ReadDeps {
  /** Who fails with whom; by addresses alone when absent. */
  readonly domainOf?: DomainOf
}

/** See Objects.health. */
export async function objectHealth(deps: HealthDeps, capability: Capability, signal: AbortSignal): Promise<Health> {
  const verifyKey =
    capability.right === 'verify' ? capability.key : objectKeys(deps.primitives, capability.key).verifyKey
  const root = await readRoot(deps, capability.root, verifyKey, signal)
  const parallel = new Semaphore(HEALTH_PARALLEL)
  const loss = new ObjectLoss()
  const asked: Promise<StripeHealth>[] = []
  const begin = async (id: StripeId, isData: boolean): Promise<void> => {
    const release = await parallel.acquire(1, signal)
    const asking = ask(deps, { id, isData, loss }, signal).finally(release)
    // One that fails before all are begun is met again below.
    asking.catch(() => undefined)
    asked.push(asking)
  }
  await begin(capability.root, root.children.length === 0)
  for await (const { id, isData } of new StripeLists(deps, root, verifyKey).all(signal)) await begin(id, isData)
  const [stripes] = await Promise.all([Promise.all(asked), deps.overlay.measureSize()])
  // The same share of a larger network takes more of few holders. Whoever answered is in it, whatever the estimate says.
  const networkSize = Math.max(deps.overlay.networkSizeMax(), most(stripes, 'answered'))
  return {
    bytes: root.size,
    segments: segmentCount(root),
    ...fragmentsOf(stripes),
    ...spreadOf(stripes),
    domainKind: deps.domainOf === undefined ? 'subnet' : 'table',
    survivesNow: loss.survivableShare(networkSize),
    unattendedDays: loss.unattendedDays(),
    nodeLifetimeDays: NODE_LIFETIME_MS / DAY,
    state: worst(stripes),
  }
}

async function ask(
  deps: HealthDeps,
  stripe: { readonly id: StripeId; readonly isData: boolean; readonly loss: ObjectLoss },
  signal: AbortSignal,
): Promise<StripeHealth> {
  const keepers = new Keepers(deps.domainOf)
  let header: StripeHeader | undefined
  const evidence = await locateStripe(deps, stripe.id, {
    signal,
    enough: () => false,
    onHolding: (contact, holding) => {
      header = holding.header
      keepers.add(contact, holding.indices)
    },
  })
  const away = awayCount(evidence, keepers.aliveCount, header)
  refuseToGuess(evidence, { alive: keepers.aliveCount, away, header })
  const needed = header?.needed ?? 1
  const held = keepers.heldByHolder()
  stripe.loss.add(held, needed)
  return {
    isData: stripe.isData,
    header,
    alive: keepers.aliveCount,
    away,
    answered: evidence.answeredNo + evidence.answeredYes,
    silent: evidence.silent,
    holders: keepers.holderCount,
    domains: keepers.domainCount,
    domainShareMax: keepers.domainShareMax,
    survivesHolders: survivableWorst(held, needed),
    survivesDomains: survivableWorst(keepers.heldByDomain(), needed),
  }
}

/** Missing fragments that the silent nodes may keep: on average as many each as those that answered, and no more than are missing. */
function awayCount({ answeredNo, answeredYes, silent }: Evidence, alive: number, header?: StripeHeader): number {
  const each = alive / Math.max(1, answeredNo + answeredYes)
  return Math.min(Math.round(silent * each), (header?.total ?? alive) - alive)
}

/** A stripe is lost only by the word of most of those responsible, and when those who are silent could not make up for it. */
function refuseToGuess(
  evidence: Evidence,
  { alive, away, header }: { readonly alive: number; readonly away: number; readonly header: StripeHeader | undefined },
): void {
  const needed = header?.needed ?? 1
  const mostAnswered = evidence.answeredNo + evidence.answeredYes > evidence.silent
  if (alive >= needed || (mostAnswered && alive + away < needed)) return
  const { responsible, silent } = evidence
  const message = `too few of the responsible nodes answered to tell how the object is: ${String(silent)} of ${String(responsible)} are silent; ask again when more nodes are up`
  throw new Failure('unreachable', message, { details: { ...evidence, alive, away, needed: header?.needed } })
}

type Fragments = Pick<Health, 'needed' | 'total' | 'alive' | 'aliveMin' | 'silent' | 'away' | 'gone'>

/** Of the largest code used; what is missing, of its weakest segment. */
function fragmentsOf(stripes: readonly StripeHealth[]): Fragments {
  const data = stripes.filter((stripe) => stripe.isData)
  const needed = data.reduce((max, { header }) => Math.max(max, header?.needed ?? 0), 0)
  const total = data.reduce((max, { header }) => (header?.needed === needed ? Math.max(max, header.total) : max), 0)
  const ofLargestCode = data.filter((stripe) => stripe.header === undefined || stripe.header.needed === needed)
  const alive = ofLargestCode.reduce((sum, stripe) => sum + stripe.alive, 0)
  const weakest = ofLargestCode.reduce((least, stripe) => (stripe.alive < least.alive ? stripe : least))
  return {
    needed,
    total,
    alive: Math.floor(alive / ofLargestCode.length),
    aliveMin: weakest.alive,
    silent: weakest.silent,
    away: weakest.away,
    gone: (weakest.header?.total ?? total) - weakest.alive - weakest.away,
  }
}

/** Of the stripe that is worst in each, the root and lists included: without them there is no object. */
function spreadOf(
  stripes: readonly StripeHealth[],
): Pick<Health, 'holders' | 'domains' | 'domainShareMax' | 'survivesDomains'> {
  return {
    holders: least(stripes, 'holders'),
    domains: least(stripes, 'domains'),
    domainShareMax: most(stripes, 'domainShareMax'),
    survivesDomains: least(stripes, 'survivesDomains'),
  }
}

type Figure = 'answered' | 'holders' | 'domains' | 'domainShareMax' | 'survivesDomains'

// One by one: there are more stripes than a call may have arguments.
function least(stripes: readonly StripeHealth[], figure: Figure): number {
  return stripes.reduce((min, stripe) => Math.min(min, stripe[figure]), Infinity)
}

function most(stripes: readonly StripeHealth[], figure: Figure): number {
  return stripes.reduce((max, stripe) => Math.max(max, stripe[figure]), 0)
}

function worst(stripes: readonly StripeHealth[]): HealthState {
  const lost = stripes.some(({ header, alive }) => header === undefined || alive < header.needed)
  if (lost) return 'lost'
  return stripes.every(isRedundant) ? 'healthy' : 'at-risk'
}

/** Fragments alone are no redundancy where one node keeps so many of them that the stripe goes with it. */
function isRedundant({ header, alive, survivesHolders }: StripeHealth): boolean {
  return header !== undefined && alive > REPAIR_SHARE * header.total && survivesHolders >= 1
}
