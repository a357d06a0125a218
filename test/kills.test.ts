/** What a holder has signed for survives its process, in the middle of whatever it was doing. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { killLoop, type Kill } from '../soak/killLoop.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { startTestnet } from '../src/testing/testnet.ts'

const NODES = 6
const KILLS = 10

test('holders killed ten times while another node puts lose no fragment that was signed for', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'mainframe-kills-'))
  const testnet = await startTestnet({ nodes: NODES, dir: home, processes: true })
  const kills: Kill[] = []
  try {
    const looked = await killLoop(testnet, {
      kills: KILLS,
      random: new SeededRandom(1),
      onKill: (kill) => kills.push(kill),
    })
    t.diagnostic(`${looked} acknowledged fragments, all there`)
    assert.equal(kills.length, KILLS)
    assert.ok(kills.every(({ placed, alive }) => placed > 0 && alive >= placed))
  } finally {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  }
})
