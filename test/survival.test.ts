/** The promise that everything else rests on, with real processes: half of the nodes killed, everything read back. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { present } from '../src/base/assert.ts'
import { MIB } from '../src/base/units.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { startTestnet, type Testnet, type TestnetNode } from '../src/testing/testnet.ts'
import { content, NodeClient, ProblemError } from './nodeClient.ts'

const NODES = 24
const OBJECT_BYTES = 64 * MIB
const SEEDS = [1, 2, 3, 4, 5]

describe('24 processes', () => {
  let testnet: Testnet
  let home: string

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'mainframe-survival-'))
    testnet = await startTestnet({ nodes: NODES, dir: home, processes: true })
  })

  after(async () => {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  })

  for (const seed of SEEDS) {
    test(`give back 64 MiB after 12 of them are killed, and tell the truth before and after (seed ${seed})`, async () => {
      const { source, sha256 } = content(OBJECT_BYTES, seed)
      const { link, fragments, segments } = await new NodeClient(testnet, 0).put(source)
      assert.equal(segments, 4)
      assert.ok(fragments.placed >= 0.9 * fragments.total, `${fragments.placed} placed`)
      const healthBefore = await new NodeClient(testnet, 1).health(link)
      assert.equal(healthBefore.state, 'healthy')
      assert.ok(healthBefore.survivesNow >= 0.5)

      const killed = chosen(12, seed)
      await eachOf(testnet, killed, (node) => node.kill('SIGKILL'))
      const reader = survivor(killed, seed)
      assert.deepEqual(await new NodeClient(testnet, reader).get(link), { sha256: sha256(), bytes: OBJECT_BYTES })
      const healthAfter = await new NodeClient(testnet, reader).health(link)
      assert.equal(healthAfter.state, 'at-risk')
      assert.ok(healthAfter.aliveMin >= 64 && healthAfter.aliveMin <= 0.6 * healthAfter.total)

      await eachOf(testnet, killed, (node) => node.restart())
      const healthAgain = await new NodeClient(testnet, 1).health(link)
      assert.equal(healthAgain.aliveMin, healthBefore.aliveMin, 'what was acknowledged came back with the nodes')
    })
  }

  test('say "unreachable" and nothing else when 20 of them are killed', async () => {
    const { source } = content(OBJECT_BYTES, 6)
    const { link } = await new NodeClient(testnet, 0).put(source)
    const killed = chosen(20, 6)
    await eachOf(testnet, killed, (node) => node.kill('SIGKILL'))
    await assert.rejects(new NodeClient(testnet, 0).get(link), (error) => {
      assert.ok(error instanceof ProblemError)
      assert.equal(error.code, 'unreachable')
      return true
    })
  })
})

test('four liars of 24 change nothing that is read, and are counted', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mainframe-liars-'))
  const testnet = await startTestnet({ nodes: NODES, dir: home, processes: true, liars: 4 })
  try {
    const { source, sha256 } = content(OBJECT_BYTES, 7)
    const { link } = await new NodeClient(testnet, 0).put(source)
    for (const reader of [0, 5, 11]) {
      const client = new NodeClient(testnet, reader)
      assert.deepEqual(await client.get(link), { sha256: sha256(), bytes: OBJECT_BYTES })
      const { reads } = await client.status()
      const lying = new Set(testnet.nodes.slice(-4).map(({ id }) => id))
      assert.ok(reads.fragmentsDamaged > 0)
      assert.ok(reads.liars.length > 0 && reads.liars.every(({ id }) => lying.has(id)))
    }
  } finally {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  }
})

async function eachOf(
  testnet: Testnet,
  indices: readonly number[],
  act: (node: TestnetNode) => Promise<void>,
): Promise<void> {
  await Promise.all(indices.map((index) => act(present(testnet.nodes[index], `node ${index}`))))
}

/** Any nodes but the first, which puts. */
function chosen(count: number, seed: number): readonly number[] {
  const random = new SeededRandom(seed)
  const others = Array.from({ length: NODES - 1 }, (_, index) => index + 1)
  return Array.from({ length: count }, () => others.splice(random.integer(others.length), 1)[0] ?? 0)
}

/** A node that neither put nor asked for health. */
function survivor(killed: readonly number[], seed: number): number {
  const left = Array.from({ length: NODES - 2 }, (_, index) => index + 2).filter((index) => !killed.includes(index))
  return left[seed % left.length] ?? 0
}
