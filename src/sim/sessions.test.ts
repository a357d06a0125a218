/** Lengths have their distributions, and nodes come and go by them: some for ever, some with new disks, some at new addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../base/bytes.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { bareWorld } from './bareWorld.ts'
import { Geography } from './geography.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import { SeededRandom } from './seededRandom.ts'
import { churn, logNormal, weibull, type ChurnOptions } from './sessions.ts'
import { Weather } from './weather.ts'

const primitives = new KeyedPrimitives(new NodePrimitives())
const NODES = 200
const nodes = Array.from({ length: NODES }, (_, node) => node)
const SESSIONS = weibull({ medianMs: 15 * MINUTE, shape: 0.5 })
const ABSENCES = logNormal({ medianMs: 15 * MINUTE, sigma: 1.3 })

/** A world in which nodes do nothing but come and go. */
async function churningWorld(options: Partial<ChurnOptions> = {}, seed = 1) {
  const world = bareWorld({ seed, nodes: NODES, primitives })
  await world.run(SECOND)
  return { world, churning: churn(world, { sessions: SESSIONS, absences: ABSENCES, ...options }) }
}

function quantiles(lengths: typeof SESSIONS, shares: readonly number[]): number[] {
  const dice = new SeededRandom(1)
  const drawn = Array.from({ length: 20_000 }, () => lengths(dice)).sort((a, b) => a - b)
  return shares.map((share) => drawn[Math.floor(share * drawn.length)] ?? 0)
}

function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual / expected - 1) < 0.06, `${what}: ${actual} instead of ${expected}`)
}

test('a Weibull distribution has its median and its quarters', () => {
  const [low = 0, median = 0, high = 0] = quantiles(SESSIONS, [0.25, 0.5, 0.75])
  const quantile = (share: number): number => 15 * MINUTE * (-Math.log(1 - share) / Math.LN2) ** 2
  assertNear(low, quantile(0.25), 'the lower quarter')
  assertNear(median, 15 * MINUTE, 'the median')
  assertNear(high, quantile(0.75), 'the upper quarter')
})

test('a log-normal distribution has its median and its deviation', () => {
  const [low = 0, median = 0, high = 0] = quantiles(ABSENCES, [0.1587, 0.5, 0.8413])
  assertNear(low, 15 * MINUTE * Math.exp(-1.3), 'one deviation below')
  assertNear(median, 15 * MINUTE, 'the median')
  assertNear(high, 15 * MINUTE * Math.exp(1.3), 'one deviation above')
})

test('from the first moment on, as many nodes leave in an hour as in any later one', async () => {
  const { world, churning } = await churningWorld({ absences: () => SECOND })
  const perHour: number[] = []
  for (let hour = 0; hour < 6; hour++) {
    const before = churning.departures
    await world.run(HOUR)
    perHour.push(churning.departures - before)
  }
  const mean = perHour.reduce((sum, count) => sum + count, 0) / perHour.length
  for (const count of perHour) assert.ok(Math.abs(count / mean - 1) < 0.25, `${perHour.join(' ')} departures`)
})

test('the nodes that are there are as many as sessions and absences say', async () => {
  const { world } = await churningWorld({ absences: SESSIONS })
  const shares: number[] = []
  for (let hour = 0; hour < 24; hour++) {
    await world.run(HOUR)
    shares.push(nodes.filter((node) => world.isUp(node)).length / NODES)
  }
  const mean = shares.slice(4).reduce((sum, share) => sum + share, 0) / 20
  assert.ok(Math.abs(mean - 0.5) < 0.08, `${mean} of the nodes are there`)
})

test('stable nodes never leave', async () => {
  const { world } = await churningWorld({ stableShare: 0.3, absences: () => 1000 * DAY })
  await world.run(300 * DAY)
  const left = nodes.filter((node) => world.isUp(node)).length / NODES
  assert.ok(Math.abs(left - 0.3) < 0.08, `${left} of the nodes stayed`)
})

test('some return with an empty disk and under a new identity, the others as who they were', async () => {
  const { world, churning } = await churningWorld({ diskLostShare: 0.25, stableShare: 0.1 })
  const before = nodes.map((node) => world.contact(node).id)
  for (const node of nodes) await world.process(node)?.ports.state.put('key', utf8('value'))
  await world.runUntil(() => churning.returns >= 100, { limitMs: DAY })
  const isNew = (node: number): boolean => world.contact(node).id !== before[node]
  const renewed = nodes.filter(isNew)
  assert.ok(renewed.length > 12 && renewed.length < 45, `${renewed.length} of 100 returns were with an empty disk`)
  for (const node of nodes) assert.equal(world.disk(node).state.has('key'), !isNew(node))
})

test('some return at another address of their own AS', async () => {
  const geography = new Geography(1)
  const { world, churning } = await churningWorld({
    moveShare: 0.5,
    addressAt: (node, moves) => geography.addressAt(node, moves),
  })
  const before = nodes.map((node) => world.contact(node).addresses[0])
  await world.runUntil(() => churning.returns >= 100, { limitMs: DAY })
  const moved = nodes.filter((node) => world.contact(node).addresses[0] !== before[node])
  assert.ok(moved.length > 30 && moved.length < 70, `${moved.length} of 100 returns were at another address`)
  assert.ok(moved.some((node) => world.contact(node).addresses[0] === `sim://${geography.addressAt(node, 1)}:${node}`))
})

test('nodes may leave in good order, also in the middle of other faults', async () => {
  const { world, churning } = await churningWorld({ vanishShare: 0.5 })
  new Weather(world).unsettled({ durationMs: 2 * HOUR, everyMs: MINUTE, shareMax: 0.1, spellMsMax: 10 * MINUTE })
  await world.run(3 * HOUR)
  assert.ok(churning.departures > 200 && churning.returns > 200)
})

test('once it stops nobody leaves, and those who are away return', async () => {
  const { world, churning } = await churningWorld({ absences: () => 10 * MINUTE })
  await world.run(HOUR)
  churning.stop()
  const { departures } = churning
  await world.run(10 * MINUTE)
  assert.ok(nodes.every((node) => world.isUp(node)))
  await world.run(DAY)
  assert.equal(churning.departures, departures)
})

test('the seed decides, and who else comes and goes changes nothing for a node', async () => {
  const upAfterHours = async (seed: number, some: readonly number[]): Promise<boolean[]> => {
    const { world } = await churningWorld({ nodes: some }, seed)
    await world.run(5 * HOUR)
    return nodes.map((node) => world.isUp(node))
  }
  const all = await upAfterHours(1, nodes)
  assert.deepEqual(await upAfterHours(1, nodes), all)
  assert.notDeepEqual(await upAfterHours(2, nodes), all)
  const few = await upAfterHours(1, nodes.slice(0, 50))
  assert.deepEqual(few.slice(0, 50), all.slice(0, 50))
  assert.ok(few.slice(50).every((isUp) => isUp))
})
