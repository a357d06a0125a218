/** With nobody watching, real processes make up for those that are gone for good: their disks with them. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIB, SECOND } from '../src/base/units.ts'
import type { Health } from '../src/storage/objects.ts'
import { startTestnet, type Testnet } from '../src/testing/testnet.ts'
import { content, NodeClient } from './nodeClient.ts'

const NODES = 24
const OBJECT_BYTES = 64 * MIB
const GRACE_MS = 5 * SECOND
const REPAIR_MS_MAX = 60 * SECOND

test('8 of 24 processes killed and their folders deleted are made up for within a minute, and 8 more lose nothing', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'mainframe-repair-'))
  const testnet = await startTestnet({ nodes: NODES, dir: home, processes: true, graceMs: GRACE_MS })
  try {
    const { source, sha256 } = content(OBJECT_BYTES, 1)
    const { link } = await new NodeClient(testnet, 0).put(source)
    const startedMs = performance.now()
    await destroy(testnet, 8, 8)
    const health = await whenRepaired(new NodeClient(testnet, 1), link)
    const seconds = ((performance.now() - startedMs) / SECOND).toFixed(1)
    t.diagnostic(`8 killed: ${health.aliveMin} of ${health.total} again after ${seconds} s`)
    // Half of those left: that takes longer to make up for, since it might be a partition, and still loses nothing.
    await destroy(testnet, 16, 8)
    assert.deepEqual(await new NodeClient(testnet, 2).get(link), { sha256: sha256(), bytes: OBJECT_BYTES })
  } finally {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  }
})

async function destroy(testnet: Testnet, first: number, count: number): Promise<void> {
  const victims = testnet.nodes.slice(first, first + count)
  await Promise.all(
    victims.map(async (node) => {
      await node.kill('SIGKILL')
      await rm(node.dir, { recursive: true, force: true })
    }),
  )
}

/** The object's health once it has 95 % of its fragments again; fails when that takes too long. */
async function whenRepaired(client: NodeClient, link: string): Promise<Health> {
  const deadlineMs = performance.now() + REPAIR_MS_MAX
  for (;;) {
    const health = await client.health(link)
    if (health.aliveMin >= 0.95 * health.total) return health
    assert.ok(performance.now() < deadlineMs, `${health.aliveMin} of ${health.total} after a minute`)
    await sleep(SECOND)
  }
}
