/** Places have the shares, distances and addresses that the model promises, the same for the same seed, and the world uses them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { bareWorld } from './bareWorld.ts'
import { Geography, REGIONS } from './geography.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'

const NODES = 10_000
const nodes = Array.from({ length: NODES }, (_, node) => node)
const geography = new Geography(1)

function assertNear(actual: number, expected: number, within: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= within, `${what}: ${actual} instead of ${expected}`)
}

function prefixOf(node: number, octets: number): string {
  return geography.hostName(node).split('.').slice(0, octets).join('.')
}

test('a few large ASes have much and a long tail has the rest, as measured for IPFS', () => {
  for (const [count, share] of [
    [2, 0.33],
    [5, 0.52],
    [10, 0.65],
  ] as const) {
    const largest = geography.largestAses(count, NODES)
    assertNear(geography.nodesInAses(largest, NODES).length / NODES, share, 0.02, `${count} ASes`)
  }
  assert.ok(new Set(nodes.map((node) => geography.asOf(node))).size > 300)
})

test('regions have their shares, and an AS is in one region', () => {
  const shares = REGIONS.map((region) => geography.nodesInRegion(region, NODES).length / NODES)
  for (const [at, expected] of [0.33, 0.5, 0.1, 0.04, 0.01, 0.02].entries()) {
    assertNear(shares[at] ?? 0, expected, 0.025, REGIONS[at] ?? '')
  }
  const regionOfAs = new Map(nodes.map((node) => [geography.asOf(node), geography.regionOf(node)]))
  for (const node of nodes) assert.equal(geography.regionOf(node), regionOfAs.get(geography.asOf(node)))
})

test('the ASes with the lowest numbers are the largest', () => {
  assert.deepEqual(geography.largestAses(3, NODES), [1, 2, 3])
  assert.deepEqual(geography.nodesInAses([], NODES), [])
})

test('nodes of one /16 are of one AS, large ASes have several /16s, and some nodes share a /24', () => {
  const asOfNetwork = new Map<string, number>()
  for (const node of nodes) {
    const as = geography.asOf(node)
    assert.equal(asOfNetwork.get(prefixOf(node, 2)) ?? as, as)
    asOfNetwork.set(prefixOf(node, 2), as)
  }
  assert.ok([...asOfNetwork.values()].filter((as) => as === 1).length > 10)
  const hundred = nodes.slice(0, 100)
  const subnetsOfHundred = new Set(hundred.map((node) => prefixOf(node, 3))).size
  assert.ok(subnetsOfHundred > 80 && subnetsOfHundred < 100, `100 nodes stand in ${subnetsOfHundred} networks`)
})

test('addresses are public ones', () => {
  for (const node of nodes) {
    const octets = geography.hostName(node).split('.').map(Number)
    assert.ok(octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255))
    const [first = 0, , , last = 0] = octets
    assert.ok(first >= 11 && first < 99 && last >= 1 && last <= 254)
  }
})

test('a node that moves has another address in its own AS', () => {
  const asOfNetwork = new Map(nodes.map((node) => [prefixOf(node, 2), geography.asOf(node)]))
  for (const node of nodes.slice(0, 100)) {
    const moved = geography.addressAt(node, 1)
    assert.notEqual(moved, geography.hostName(node))
    assert.equal(asOfNetwork.get(moved.split('.').slice(0, 2).join('.')), geography.asOf(node))
  }
})

test('latency is that of the regions and of both last miles, the same both ways', () => {
  const [here, there] = REGIONS.map((region) => geography.nodesInRegion(region, NODES))
  for (let i = 0; i < 100; i++) {
    const [american = 0, other = 0, european = 0] = [here?.[i], here?.[i + 1], there?.[i]]
    const overseasMs = geography.latencyMs(american, european)
    assert.ok(overseasMs > 86 / 2 && overseasMs < 86 / 2 + 45)
    assert.equal(geography.latencyMs(european, american), overseasMs)
    const withinMs = geography.latencyMs(american, other)
    assert.ok(withinMs > 32 / 2 && withinMs < 32 / 2 + 45)
  }
  const latencies = nodes.map((node) => geography.latencyMs(0, node)).sort((a, b) => a - b)
  assert.ok((latencies[NODES - 1] ?? 0) > 2 * (latencies[NODES / 10] ?? 0))
})

test('a place follows from the seed and the node alone', () => {
  const backwards = new Geography(1)
  for (const node of [...nodes].reverse().slice(0, 200)) {
    assert.equal(backwards.hostName(node), geography.hostName(node))
    assert.equal(backwards.latencyMs(node, 3), geography.latencyMs(node, 3))
  }
  const other = new Geography(2)
  const same = nodes.filter((node) => other.hostName(node) === geography.hostName(node))
  assert.ok(same.length < 10)
})

test('a world takes its latency and addresses from it, and loses its largest ASes at one word', async () => {
  const world = bareWorld({
    seed: 1,
    nodes: 50,
    primitives: new KeyedPrimitives(new NodePrimitives()),
    link: { latencyMs: geography.latencyMs },
    hostName: geography.hostName,
  })
  assert.deepEqual(world.contact(7).addresses, [`sim://${geography.hostName(7)}:7`])
  await world.run(SECOND)
  const lost = geography.nodesInAses(geography.largestAses(3, 50), 50)
  assert.ok(lost.length > 10 && lost.length < 40)
  for (const node of lost) world.crash(node, 'vanish')
  assert.equal(nodes.slice(0, 50).filter((node) => world.isUp(node)).length, 50 - lost.length)
})
