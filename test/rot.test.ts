/** Disks that give back other bytes than were written: real processes notice, serve none of it, and make up for it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MIB, SECOND } from '../src/base/units.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import type { Health } from '../src/storage/objects.ts'
import { startTestnet, type Testnet } from '../src/testing/testnet.ts'
import { rotFragments } from '../soak/rot.ts'
import { eventually } from './eventually.ts'
import { content, NodeClient } from './nodeClient.ts'

const NODES = 24
const OBJECT_BYTES = 8 * MIB
const GRACE_MS = 3 * SECOND

test('bytes flipped on 6 of 24 disks are found and never served, and what rots on 5 more is rebuilt', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'mainframe-rot-'))
  const testnet = await startTestnet({ nodes: NODES, dir: home, processes: true, graceMs: GRACE_MS })
  const random = new SeededRandom(1)
  try {
    const { source, sha256 } = content(OBJECT_BYTES, 1)
    const { link } = await new NodeClient(testnet, 0).put(source)
    const expected = { sha256: sha256(), bytes: OBJECT_BYTES }
    const reader = new NodeClient(testnet, 1)
    const before = await reader.health(link)

    const few = [6, 7, 8, 9, 10, 11]
    const rotten = await rotAll(testnet, few, 0.5, random)
    assert.ok(rotten > 0)
    assert.deepEqual(await reader.get(link), expected)
    await eventually('all that rotted is found', async () => (await damagedCount(testnet, few)) === rotten)
    const found = await reader.health(link)
    assert.ok(found.aliveMin < before.aliveMin && found.aliveMin >= before.aliveMin - rotten, JSON.stringify(found))
    t.diagnostic(`${rotten} fragments rotted, ${before.aliveMin} -> ${found.aliveMin} of ${found.total} told of`)

    const many = [12, 13, 14, 15, 16]
    await rotAll(testnet, many, 1, random)
    assert.deepEqual(await reader.get(link), expected)
    let health: Health | undefined
    await eventually('what rotted is rebuilt', async () => {
      health = await reader.health(link)
      return (await damagedCount(testnet, many)) > 0 && health.aliveMin >= 0.95 * health.total
    })
    t.diagnostic(`${health?.aliveMin} of ${health?.total} again`)
    assert.deepEqual(await new NodeClient(testnet, 2).get(link), expected)
    const { reads } = await reader.status()
    assert.equal(reads.fragmentsDamaged, 0, 'no holder serves what has rotted')
  } finally {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  }
})

/** How many fragments have rotted while the nodes were down. */
async function rotAll(
  testnet: Testnet,
  indices: readonly number[],
  share: number,
  random: SeededRandom,
): Promise<number> {
  const victims = testnet.nodes.filter(({ index }) => indices.includes(index))
  await Promise.all(victims.map((node) => node.kill()))
  let rotten = 0
  for (const { dir } of victims) rotten += await rotFragments(dir, share, random)
  await Promise.all(victims.map((node) => node.restart()))
  return rotten
}

/** What these nodes have dropped since their start. */
async function damagedCount(testnet: Testnet, indices: readonly number[]): Promise<number> {
  const statuses = await Promise.all(indices.map((index) => new NodeClient(testnet, index).status()))
  return statuses.reduce((sum, { storage }) => sum + storage.damaged, 0)
}
