/**
 * One subject from its start to half a minute after a mass death: how long it takes to settle, what lookups cost and find in calm, and
 * what they find in each second after some of its nodes are gone. The same for every subject, with the same limits.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { present } from '../../src/base/assert.ts'
import { Population, type Attempt } from './population.ts'
import { summary, type Result, type Usage } from './results.ts'
import type { StartSubject } from './subject.ts'

export interface Plan {
  readonly nodes: number
  readonly kills: number
  readonly lookups: number
  readonly settleSeconds: number
}

interface How {
  readonly way: string
  readonly aside: boolean
  readonly concurrency: number
}

/** A process that works for less than this share of the time has little left to do. */
const CALM_SHARE = 0.5
const CALM_WINDOW_MS = 100
/** A network that does not come to rest gets its next node all the same. */
const CALM_MS_MAX = 10_000

const SETTLE_EVERY_MS = 10_000
const SETTLE_LOOKUPS = 20
/** A recall this near to the best seen counts as the best: one node in 200 lookups' answers. */
const SETTLED_WITHIN = 0.005

const IDLE_MS = 10_000
/** Lookups before those that count, so that connections stand and code is compiled. */
const WARM_LOOKUPS = 100
const CONCURRENCIES = [1, 8] as const
/** A round trip so long that nothing else counts beside it, and lookups over it. */
const FAR_MS = 500
const FAR_LOOKUPS = 20
/** By each way that is there only for comparison. */
const ASIDE_LOOKUPS = 20

const WATCH_SECONDS = 30
/** After the kill a lookup begins this often, unless so many are under way that the process has enough to do. */
const WATCH_EVERY_MS = 25
const WATCH_PARALLEL = 4
const RECOVERED_RECALL = 0.99

/** Tells each result as soon as it is known. */
export async function measure(start: StartSubject, plan: Plan, tell: (result: Result) => void): Promise<void> {
  const starting = metered()
  const subject = await start({ hosts: loopbackHosts(plan.nodes), untilCalm })
  tell({ kind: 'start', title: subject.title, nodes: plan.nodes, ...starting() })
  const population = new Population(subject)
  const [way = '', ...others] = subject.ways
  tell(await settle(population, way, plan.settleSeconds))
  const idle = metered()
  await sleep(IDLE_MS)
  tell({ kind: 'idle', ...idle() })
  await population.lookups(way, WARM_LOOKUPS, 1)
  for (const concurrency of CONCURRENCIES) {
    tell(await lookUp(population, { way, aside: false, concurrency }, plan.lookups))
  }
  tell(await lookFar(population, way))
  for (const other of others) {
    tell(await lookUp(population, { way: other, aside: true, concurrency: 1 }, ASIDE_LOOKUPS))
  }
  for (const result of await watchKill(population, way, plan.kills)) tell(result)
}

/** Looks up a little now and then until the time is over; settled is when recall first came near its best. */
async function settle(population: Population, way: string, limitSeconds: number): Promise<Result> {
  const usage = metered()
  const seen: { readonly seconds: number; readonly recall: number }[] = []
  while (usage().seconds < limitSeconds) {
    const { seconds } = usage()
    const attempts = await population.lookups(way, SETTLE_LOOKUPS, 1)
    seen.push({ seconds, recall: summary(population.judge(attempts)).recall })
    await sleep(Math.max(0, SETTLE_EVERY_MS - 1000 * (usage().seconds - seconds)))
  }
  const recall = Math.max(...seen.map((each) => each.recall))
  const first = seen.find((each) => each.recall >= recall - SETTLED_WITHIN)
  return { kind: 'settled', afterSeconds: present(first, 'the best was seen').seconds, recall, ...usage() }
}

async function lookUp(population: Population, how: How, count: number): Promise<Result> {
  const metre = metered()
  const attempts = await population.lookups(how.way, count, how.concurrency)
  const usage = metre()
  return { kind: 'lookups', ...how, ...summary(population.judge(attempts)), ...usage }
}

/** How many round trips a lookup takes one after another: what it costs between distant nodes, which loopback does not show. */
async function lookFar(population: Population, way: string): Promise<Result> {
  const near = askedMedianMs(await population.lookups(way, FAR_LOOKUPS, 1))
  population.delayRequests(FAR_MS)
  const far = askedMedianMs(await population.lookups(way, FAR_LOOKUPS, 1))
  population.delayRequests(0)
  return { kind: 'far', delayMs: FAR_MS, medianMs: far, roundTrips: (far - near) / FAR_MS }

  function askedMedianMs(attempts: readonly Attempt[]): number {
    return summary(population.judge(attempts)).askedMedianMs ?? 0
  }
}

/** One result for each second after the kill in which a lookup began, then one for all of it. */
async function watchKill(population: Population, way: string, kills: number): Promise<readonly Result[]> {
  const metre = metered()
  const killedMs = performance.now()
  population.kill(kills)
  const samples = population.judge(await watch(population, way, killedMs))
  const usage = metre()
  const seconds = Map.groupBy(samples, ({ startedMs }) => Math.ceil((startedMs - killedMs) / 1000))
  const results = [...seconds]
    .sort(([a], [b]) => a - b)
    .map(([second, ofSecond]) => ({ kind: 'second', second, ...summary(ofSecond) }) as const)
  const lastPoor = results.findLastIndex(({ recall }) => recall < RECOVERED_RECALL)
  return [...results, { kind: 'killed', nodes: kills, recoveredSecond: results[lastPoor + 1]?.second, ...usage }]
}

async function watch(population: Population, way: string, sinceMs: number): Promise<readonly Attempt[]> {
  const ended: Attempt[] = []
  const underWay = new Set<Promise<void>>()
  while (performance.now() - sinceMs < 1000 * WATCH_SECONDS) {
    if (underWay.size < WATCH_PARALLEL) {
      const one: Promise<void> = population.lookup(way).then((attempt) => {
        ended.push(attempt)
        underWay.delete(one)
      })
      underWay.add(one)
    }
    await sleep(WATCH_EVERY_MS)
  }
  await Promise.all(underWay)
  return ended
}

/** What the process takes from now on. */
function metered(): () => Usage {
  const startedMs = performance.now()
  const cpuBefore = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      seconds: (performance.now() - startedMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      rssMib: process.memoryUsage.rss() / 2 ** 20,
    }
  }
}

async function untilCalm(): Promise<void> {
  const startedMs = performance.now()
  while (performance.now() - startedMs < CALM_MS_MAX) {
    const before = performance.eventLoopUtilization()
    await sleep(CALM_WINDOW_MS)
    if (performance.eventLoopUtilization(before).utilization < CALM_SHARE) return
  }
}

/** As a testnet's: each node in a /24 of its own. */
function loopbackHosts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `127.${24 + (index >> 8)}.${index & 255}.1`)
}
