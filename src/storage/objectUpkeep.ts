/**
 * What somebody with a link may do for an object as a whole: have its holders keep it for longer, have what is missing made again now, and,
 * as its owner, have it forgotten. Holders do the first two by themselves for what they keep; this is for whoever will not wait.
 */
import { abortFailure, isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { Semaphore } from '../base/semaphore.ts'
import { objectKeys } from '../crypto/derive.ts'
import type { Capability } from '../crypto/link.ts'
import type { Contact } from '../ports/connection.ts'
import type { Bytes } from '../base/bytes.ts'
import { HAVE_STRIPES_MAX } from '../wire/limits.ts'
import { Census, type RepairRules } from './census.ts'
import { checkStripe, type CheckDeps } from './checkStripe.ts'
import { Gathering } from './gathering.ts'
import { HAVE_MS, HEALTH_PARALLEL } from './limits.ts'
import { locateStripe } from './locate.ts'
import { readRoot } from './objectReader.ts'
import type { KeepResult, ReleaseResult, RepairResult } from './objects.ts'
import type { PlaceDeps } from './placeStripe.ts'
import { signRelease } from './release.ts'
import { repairStripe } from './repairStripe.ts'
import { StripeLists } from './stripeLists.ts'

export type UpkeepDeps = CheckDeps & PlaceDeps

/** Extends the leases of all that is kept of the object. */
export async function keepObject(
  deps: UpkeepDeps,
  capability: Capability,
  leaseMs: number,
  signal: AbortSignal,
): Promise<KeepResult> {
  const renewals = new Gathering<StripeId, number | undefined>(HAVE_STRIPES_MAX, async (contact, stripes) => {
    const reply = await deps.network.request(contact, 'renew', { stripes, leaseMs }, { timeoutMs: HAVE_MS, signal })
    return reply.expiresMs
  })
  let expiresMs = Number.POSITIVE_INFINITY
  let [fragments, unanswered] = [0, 0]
  const stripes = await forEachStripe(deps, capability, signal, async (stripe) => {
    const kept = await holdersOf(deps, stripe, signal)
    await Promise.all(
      [...kept].map(async ([contact, count]) => {
        const untilMs = await renewals.ask(contact, stripe).catch(passWeather)
        if (untilMs === undefined) unanswered += count
        else {
          fragments += count
          expiresMs = Math.min(expiresMs, untilMs)
        }
      }),
    )
  })
  return { stripes, fragments, unanswered, expiresMs: Number.isFinite(expiresMs) ? expiresMs : undefined }
}

/** Has every holder forget the object. `seed` is its owner's (ownerKeys.ts): fragments kept for somebody else stay. */
export async function releaseObject(
  deps: UpkeepDeps,
  capability: Capability,
  seed: Bytes,
  signal: AbortSignal,
): Promise<ReleaseResult> {
  // The lists are among what is forgotten, so all names come first.
  const stripes: StripeId[] = []
  await forEachStripe(deps, capability, signal, async (stripe) => {
    stripes.push(stripe)
    return Promise.resolve()
  })
  const releases = new Gathering<StripeId, number>(HAVE_STRIPES_MAX, async (contact, asked) => {
    const release = signRelease(deps.primitives, seed, asked)
    const reply = await deps.network.request(contact, 'release', release, { timeoutMs: HAVE_MS, signal })
    return asked.map((_, at) => (at === 0 ? reply.fragments : 0))
  })
  let fragments = 0
  let unanswered = 0
  await inParallel(stripes, signal, async (stripe) => {
    const kept = await holdersOf(deps, stripe, signal)
    await Promise.all(
      [...kept].map(async ([contact, count]) => {
        const released = await releases.ask(contact, stripe).catch(passWeather)
        if (released === undefined) unanswered += count
        else fragments += released
      }),
    )
  })
  return { stripes: stripes.length, fragments, unanswered }
}

/** Makes again what nobody shows now, however short a time it has been away. */
export async function repairObject(
  deps: UpkeepDeps,
  capability: Capability,
  signal: AbortSignal,
): Promise<RepairResult> {
  let [fragments, bytes] = [0, 0]
  const stripes = await forEachStripe(deps, capability, signal, async (stripe) => {
    const census = await lookedAt(deps, stripe, signal)
    const missing = census?.missingNow() ?? []
    if (census === undefined || missing.length === 0) return
    const repaired = await repairStripe(deps, stripe, {
      kept: census.kept(missing),
      lease: census.lease(),
      except: census.distrusted(),
      signal,
    })
    fragments += repaired.fragments
    bytes += repaired.bytes
  })
  return { stripes, fragments, bytes }
}

/** For one look: what is missing in it is gone. */
const AT_ONCE: RepairRules = { graceMs: 0, share: 1 }

async function lookedAt(deps: UpkeepDeps, stripe: StripeId, signal: AbortSignal): Promise<Census | undefined> {
  let census: Census | undefined
  await locateStripe(deps, stripe, {
    signal,
    enough: () => census !== undefined,
    onHolding: (_, { header }) => {
      census ??= new Census(header, AT_ONCE)
    },
  })
  if (census !== undefined) await checkStripe(deps, stripe, census, { isAudit: true, isThorough: true, signal })
  return census
}

/** How many fragments each holder says it keeps. */
async function holdersOf(
  deps: UpkeepDeps,
  stripe: StripeId,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contact, number>> {
  const kept = new Map<Contact, number>()
  await locateStripe(deps, stripe, {
    signal,
    enough: () => false,
    onHolding: (contact, { indices }) => kept.set(contact, indices.length),
  })
  return kept
}

/** Runs `work` for the root, the lists and the data, some at a time; returns how many stripes the object has. Fails as `work` does. */
async function forEachStripe(
  deps: UpkeepDeps,
  capability: Capability,
  signal: AbortSignal,
  work: (stripe: StripeId) => Promise<void>,
): Promise<number> {
  const verifyKey =
    capability.right === 'verify' ? capability.key : objectKeys(deps.primitives, capability.key).verifyKey
  const root = await readRoot(deps, capability.root, verifyKey, signal)
  const below = new StripeLists(deps, root, verifyKey).all(signal)
  let count = 0
  const all = async function* (): AsyncGenerator<StripeId> {
    yield capability.root
    for await (const { id } of below) yield id
  }
  await inParallel(all(), signal, async (stripe) => {
    count++
    await work(stripe)
  })
  return count
}

async function inParallel(
  stripes: Iterable<StripeId> | AsyncIterable<StripeId>,
  signal: AbortSignal,
  work: (stripe: StripeId) => Promise<void>,
): Promise<void> {
  const parallel = new Semaphore(HEALTH_PARALLEL)
  const underWay: Promise<void>[] = []
  for await (const stripe of stripes) {
    if (signal.aborted) throw abortFailure(signal)
    const release = await parallel.acquire(1, signal)
    const working = work(stripe).finally(release)
    // One that fails before all are begun is met again below.
    working.catch(() => undefined)
    underWay.push(working)
  }
  await Promise.all(underWay)
}

function passWeather(error: unknown): undefined {
  if (!isFailure(error)) throw error
  return undefined
}
