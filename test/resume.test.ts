/** `mainframe put FILE` killed at random moments and run again, with real processes: little is sent again, and the link is the same. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MIB } from '../src/base/units.ts'
import type { PutSummary } from '../src/gateway/putObject.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { startTestnet, type Testnet } from '../src/testing/testnet.ts'
import { NodeClient } from './nodeClient.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const NODES = 12
const FILE_BYTES = 24 * MIB
const AGAIN_SHARE_MAX = 0.1

describe(`${NODES} processes`, () => {
  let testnet: Testnet
  let home: string
  let file: string

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'mainframe-resume-'))
    file = join(home, 'file')
    testnet = await startTestnet({ nodes: NODES, dir: join(home, 'net'), processes: true })
  })

  after(async () => {
    await testnet.stop()
    await rm(home, { recursive: true, force: true })
  })

  /** How many fragments lie on the disks of all nodes. */
  async function fragmentsHeld(): Promise<number> {
    const counts = testnet.nodes.map(
      async (_, index) => (await new NodeClient(testnet, index).status()).storage.fragments,
    )
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  function put(): { readonly ended: Promise<string>; kill(): void } {
    const args = [MAIN, 'put', file, '--json', '--node', testnet.nodes[0]?.api ?? '']
    const env = { ...process.env, MAINFRAME_HOME: join(home, 'net') }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<string>((resolve) => {
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (output += piece))
      child.once('close', () => {
        resolve(output)
      })
    })
    return { ended, kill: () => child.kill('SIGKILL') }
  }

  /** Until the disks hold this many fragments more than `before`, or the put has ended. */
  async function whenHeld(count: number, ended: Promise<unknown>): Promise<void> {
    let over = false
    void ended.then(() => {
      over = true
    })
    while (!over && (await fragmentsHeld()) < count);
  }

  for (const [seed, killsNode] of [
    [1, false],
    [2, false],
    [3, true],
  ] as const) {
    const who = killsNode ? 'client and its node' : 'client'
    test(`a put whose ${who} is killed goes on where it was (seed ${seed})`, async () => {
      await writeFile(file, randomBytes(FILE_BYTES))
      const heldBefore = await fragmentsHeld()
      const first = put()
      await whenHeld(heldBefore + new SeededRandom(seed).integer(380), first.ended)
      first.kill()
      await first.ended
      if (killsNode) {
        await testnet.nodes[0]?.kill()
        await testnet.nodes[0]?.restart()
      }
      const heldThen = (await fragmentsHeld()) - heldBefore
      const second = JSON.parse(await put().ended) as PutSummary
      const total = (await fragmentsHeld()) - heldBefore
      const again = heldThen - (second.fragmentsResumed ?? 0)
      if (!killsNode) assert.ok(again <= AGAIN_SHARE_MAX * total, `${again} of ${total} were sent again`)
      assert.ok(
        total <= (1 + AGAIN_SHARE_MAX) * (193 + 193 + 20),
        `${total} are kept: one secret, one set of fragments`,
      )
      const { sha256 } = await new NodeClient(testnet, 5).get(second.link)
      assert.equal(sha256, await sha256Of(file))
    })
  }

  test('a put that has finished, of a client that died before it had the link, sends nothing and gives that link', async () => {
    await writeFile(file, randomBytes(MIB))
    const first = JSON.parse(await put().ended) as PutSummary
    const held = await fragmentsHeld()
    const second = JSON.parse(await put().ended) as PutSummary
    assert.equal(second.link, first.link)
    assert.equal(await fragmentsHeld(), held)
    await writeFile(file, randomBytes(MIB))
    const third = JSON.parse(await put().ended) as PutSummary
    assert.notEqual(third.link, first.link)
  })
})

async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}
