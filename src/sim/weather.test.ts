/** Each fault hits as many as it should, for as long as it should, and the same ones for the same seed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../base/assert.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Network } from '../ports/network.ts'
import { Geography } from './geography.ts'
import { inertCoder } from './inertCoder.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import type { SimProcess } from './machine.ts'
import { Weather } from './weather.ts'
import { World } from './world.ts'

interface Messages {
  readonly [kind: string]: { readonly request: unknown; readonly reply: unknown }
  readonly ask: { readonly request: string; readonly reply: string }
}

interface Echo extends SimProcess {
  readonly network: Network<Messages>
}

type Pair = readonly [number, number]

const NODES = 20
const nodes = Array.from({ length: NODES }, (_, node) => node)
/** All pairs of different nodes, each once. */
const pairs: readonly Pair[] = nodes.flatMap((a) => nodes.slice(a + 1).map((b) => [a, b] as const))
/** There and back between nodes that have met, 10 ms from one another. */
const CALM_MS = 20

/** Nodes that answer at once and have all met. */
async function metWorld(seed = 1) {
  const world = new World<Echo, Messages>({
    seed,
    nodes: NODES,
    link: { delayMs: [10, 10] },
    primitives: new KeyedPrimitives(new NodePrimitives()),
    coder: inertCoder,
    spawn: async ({ network }) => {
      network.serve('ask', () => 'answer')
      await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
      return { network, stop: () => network.close() }
    },
  })
  await world.run(0)
  await delays(world, pairs)
  return { world, weather: new Weather(world) }
}

/** How long the first asks of each pair wait for their answers, asked all at once; Infinity when none comes in time. */
async function delays(world: World<Echo, Messages>, asked: readonly Pair[], timeoutMs = MINUTE): Promise<number[]> {
  const askedMs = world.clock.elapsedMs
  const answers = asked.map(([from, to]) =>
    present(world.process(from), `a process of node ${from}`)
      .network.request(world.contact(to), 'ask', 'question', { timeoutMs })
      .then(
        () => world.clock.elapsedMs - askedMs,
        () => Infinity,
      ),
  )
  return present(await world.runUntil(Promise.all(answers), { limitMs: 2 * timeoutMs }), 'all answers')
}

/** The first of the nodes that are not among these. */
function otherThan(some: readonly number[]): number {
  return present(
    nodes.find((node) => !some.includes(node)),
    'another node',
  )
}

test('clogged nodes are the share asked for, hear nothing until the spell is over, and the others nothing of it', async () => {
  const { world, weather } = await metWorld()
  const clogged = weather.clogNodes({ share: 0.25, durationMs: 30 * SECOND })
  assert.equal(new Set(clogged).size, 5)
  for (const [at, ms] of (await delays(world, pairs)).entries()) {
    const isHit = pairs[at]?.some((node) => clogged.includes(node)) === true
    assert.equal(ms, isHit ? 30 * SECOND + CALM_MS : CALM_MS)
  }
  assert.deepEqual(new Set(await delays(world, pairs)), new Set([CALM_MS]))
})

test('slow nodes are slow in both directions, and quick again after the spell', async () => {
  const { world, weather } = await metWorld()
  const slow = weather.slowNodes({ share: 0.5, extraMs: 500, durationMs: 10 * SECOND })
  assert.equal(new Set(slow).size, 10)
  const [hit = 0, spared] = [slow[0], otherThan(slow)]
  const asked: readonly Pair[] = [
    [hit, spared],
    [spared, hit],
  ]
  assert.deepEqual(await delays(world, asked), [1000 + CALM_MS, 1000 + CALM_MS])
  await world.run(10 * SECOND)
  assert.deepEqual(await delays(world, asked), [CALM_MS, CALM_MS])
})

test('slow links are about the share asked for, in both directions, and quick again after the spell', async () => {
  const { world, weather } = await metWorld()
  weather.slowLinks({ share: 0.3, extraMs: 500, durationMs: MINUTE })
  const there = await delays(world, pairs)
  const back = await delays(
    world,
    pairs.map(([a, b]) => [b, a]),
  )
  assert.deepEqual(back, there)
  const slowShare = there.filter((ms) => ms === 1000 + CALM_MS).length / pairs.length
  assert.ok(Math.abs(slowShare - 0.3) < 0.1, `${slowShare} of the links are slow`)
  await world.run(MINUTE)
  assert.deepEqual(new Set(await delays(world, pairs)), new Set([CALM_MS]))
})

test('clogged links hold messages back and let all through when the spell is over', async () => {
  const { world, weather } = await metWorld()
  weather.clogLinks({ share: 0.3, durationMs: 20 * SECOND })
  const waits = await delays(world, pairs)
  assert.deepEqual(new Set(waits), new Set([CALM_MS, 20 * SECOND + CALM_MS]))
  const cloggedShare = waits.filter((ms) => ms > CALM_MS).length / pairs.length
  assert.ok(Math.abs(cloggedShare - 0.3) < 0.1, `${cloggedShare} of the links are clogged`)
})

test('swizzled nodes are all clogged in the middle and freed each at its own time', async () => {
  const { world, weather } = await metWorld()
  const swizzled = weather.swizzle({ share: 0.5, durationMs: 40 * SECOND })
  await world.run(20 * SECOND)
  const asker = otherThan(swizzled)
  const waits = await delays(
    world,
    swizzled.map((node) => [asker, node]),
  )
  assert.equal(new Set(waits).size, 10)
  for (const ms of waits) assert.ok(ms > CALM_MS && ms < 20 * SECOND + CALM_MS)
})

test('nodes cut off reach one another and nobody else, until they are mended', async () => {
  const { world, weather } = await metWorld()
  const lonely = weather.cutOff({ share: 0.2, durationMs: 5 * SECOND })
  for (const [at, ms] of (await delays(world, pairs, 4 * SECOND)).entries()) {
    const isWhole = new Set(pairs[at]?.map((node) => lonely.includes(node))).size === 1
    assert.equal(ms, isWhole ? CALM_MS : Infinity)
  }
  await world.run(SECOND)
  assert.deepEqual(new Set(await delays(world, pairs)), new Set([CALM_MS]))
})

test('a region of the geography can be cut off as a whole', async () => {
  const { world, weather } = await metWorld()
  const geography = new Geography(1)
  weather.isolate(geography.nodesInRegion('europe', NODES), MINUTE)
  for (const [at, ms] of (await delays(world, pairs, SECOND)).entries()) {
    const isWithin = new Set(pairs[at]?.map((node) => geography.regionOf(node) === 'europe')).size === 1
    assert.equal(ms, isWithin ? CALM_MS : Infinity)
  }
})

test('crashed nodes return with their disks or without, and those that were down already are not hit', async () => {
  const { world, weather } = await metWorld()
  const up = nodes.filter((node) => node !== 3)
  world.crash(3)
  const crashed = weather.crash({ share: 1, durationMs: 5 * SECOND, disk: 'lost' })
  const idsBefore = nodes.map((node) => world.contact(node).id)
  assert.deepEqual(
    [...crashed].sort((a, b) => a - b),
    up,
  )
  assert.ok(nodes.every((node) => !world.isUp(node)))
  await world.run(5 * SECOND)
  assert.deepEqual(
    nodes.filter((node) => world.isUp(node) && world.contact(node).id !== idsBefore[node]),
    up,
  )
})

test('unsettled weather hits somebody, is over in time, and everything works again', async () => {
  const { world, weather } = await metWorld()
  weather.unsettled({ durationMs: 2 * MINUTE, everyMs: SECOND, shareMax: 0.5, spellMsMax: 20 * SECOND })
  await world.run(MINUTE)
  assert.ok(nodes.some((node) => !world.isUp(node)))
  assert.ok((await delays(world, upPairs(world), SECOND)).some((ms) => ms > CALM_MS))
  await world.run(MINUTE + 20 * SECOND)
  await delays(world, pairs)
  assert.deepEqual(new Set(await delays(world, pairs)), new Set([CALM_MS]))
})

test('the seed decides whom it hits', async () => {
  const digests: string[] = []
  for (const seed of [1, 1, 2]) {
    const { world, weather } = await metWorld(seed)
    weather.unsettled({ durationMs: MINUTE, everyMs: SECOND, shareMax: 0.5, spellMsMax: 20 * SECOND })
    await world.run(2 * MINUTE)
    digests.push(world.digest())
  }
  assert.equal(digests[0], digests[1])
  assert.notEqual(digests[0], digests[2])
})

function upPairs(world: World<Echo, Messages>): readonly Pair[] {
  return pairs.filter((pair) => pair.every((node) => world.isUp(node)))
}
