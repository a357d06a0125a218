/** How an object is: every stripe's fragments counted by asking all their holders. Claims of holders, not yet audits. */
import type { NodeId, StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { objectKeys } from '../crypto/derive.ts'
import type { Capability } from '../crypto/link.ts'
import { Failure } from '../base/failure.ts'
import type { StripeHeader } from '../ports/coder.ts'
import { HEALTH_PARALLEL, REPAIR_SHARE } from './limits.ts'
import { locateStripe, type Evidence } from './locate.ts'
import type { Health, HealthState } from './objects.ts'
import { readRoot } from './objectReader.ts'
import type { ReadDeps } from './readStripe.ts'
import { segmentCount } from './root.ts'
import { StripeLists } from './stripeLists.ts'
import { survivableShare } from './survival.ts'

interface StripeHealth {
  readonly isData: boolean
  readonly header: StripeHeader | undefined
  readonly alive: number
  readonly survives: number
}

/** See Objects.health. */
export async function objectHealth(deps: ReadDeps, capability: Capability, signal: AbortSignal): Promise<Health> {
  const verifyKey =
    capability.right === 'verify' ? capability.key : objectKeys(deps.primitives, capability.key).verifyKey
  const root = await readRoot(deps, capability.root, verifyKey, signal)
  const parallel = new Semaphore(HEALTH_PARALLEL)
  const asked: Promise<StripeHealth>[] = []
  const begin = async (id: StripeId, isData: boolean): Promise<void> => {
    const release = await parallel.acquire(1, signal)
    const asking = ask(deps, id, isData, signal).finally(release)
    // One that fails before all are begun is met again below.
    asking.catch(() => undefined)
    asked.push(asking)
  }
  await begin(capability.root, root.children.length === 0)
  for await (const { id, isData } of new StripeLists(deps, root, verifyKey).all(signal)) await begin(id, isData)
  return summary(await Promise.all(asked), root.size, segmentCount(root))
}

async function ask(deps: ReadDeps, id: StripeId, isData: boolean, signal: AbortSignal): Promise<StripeHealth> {
  const heldBy = new Map<NodeId, number>()
  const alive = new Set<number>()
  let header: StripeHeader | undefined
  const evidence = await locateStripe(deps, id, {
    signal,
    enough: () => false,
    onHolding: (contact, holding) => {
      header = holding.header
      // A fragment with two holders counts for the first, so that no fragment is counted twice.
      const fresh = holding.indices.filter((index) => !alive.has(index))
      for (const index of fresh) alive.add(index)
      heldBy.set(contact.id, fresh.length)
    },
  })
  if (header === undefined) refuseSilence(evidence)
  const survives = survivableShare([...heldBy.values()], header?.needed ?? 1, deps.overlay.networkSize())
  return { isData, header, alive: alive.size, survives }
}

/** Nobody answering is no knowledge about the object. */
function refuseSilence(evidence: Evidence): void {
  if (evidence.answeredNo > evidence.silent) return
  throw new Failure('unreachable', 'too few of the responsible nodes answered to tell how the object is', {
    details: { ...evidence },
  })
}

function summary(stripes: readonly StripeHealth[], bytes: number, segments: number): Health {
  const data = stripes.filter((stripe) => stripe.isData)
  const needed = Math.max(0, ...data.map((stripe) => stripe.header?.needed ?? 0))
  const total = Math.max(0, ...data.map((stripe) => (stripe.header?.needed === needed ? stripe.header.total : 0)))
  const ofLargestCode = data.filter((stripe) => stripe.header === undefined || stripe.header.needed === needed)
  const counts = ofLargestCode.map((stripe) => stripe.alive)
  return {
    bytes,
    segments,
    needed,
    total,
    alive: Math.floor(counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length)),
    aliveMin: Math.min(...counts),
    survivesNow: Math.min(...stripes.map((stripe) => stripe.survives)),
    state: worst(stripes),
  }
}

function worst(stripes: readonly StripeHealth[]): HealthState {
  const lost = stripes.some(({ header, alive }) => header === undefined || alive < header.needed)
  if (lost) return 'lost'
  const atRisk = stripes.some(({ header, alive }) => header !== undefined && alive <= REPAIR_SHARE * header.total)
  return atRisk ? 'at-risk' : 'healthy'
}
