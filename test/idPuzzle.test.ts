/** A testnet whose ids cost a puzzle works like any other, keeps its ids, and has no place for a node that did not pay. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isFailure } from '../src/base/failure.ts'
import type { IdPuzzle } from '../src/crypto/idPuzzle.ts'
import { parseContact } from '../src/daemon/contactText.ts'
import { startDaemon, type DaemonOptions } from '../src/daemon/daemon.ts'
import { TESTNET } from '../src/daemon/networks.ts'
import { startTestnet, type Testnet, type TestnetOptions } from '../src/testing/testnet.ts'
import { NodeClient } from './nodeClient.ts'

const PUZZLE: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 2 }
const DEADLINE_MS = 60_000

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mainframe-puzzle-'))
})

after(async () => {
  await rm(folder, { recursive: true, force: true })
})

test(
  'three nodes whose ids cost a puzzle join, store, read, and come back as themselves',
  { timeout: DEADLINE_MS },
  async () => {
    const options: TestnetOptions = { nodes: 3, dir: join(folder, 'three'), puzzle: PUZZLE }
    const content = randomBytes(300_000)
    let ids: readonly string[]
    let link: string
    {
      await using testnet = await started(options)
      ids = testnet.nodes.map(({ id }) => id)
      const put = await new NodeClient(testnet, 0).put(once(content))
      link = put.link
      assert.equal(put.fragments.placed, put.fragments.total)
      const status = await new NodeClient(testnet, 2).status()
      assert.equal(status.overlay.contacts, 2)
    }
    await using again = await started(options)
    assert.deepEqual(
      again.nodes.map(({ id }) => id),
      ids,
    )
    const { sha256 } = await new NodeClient(again, 2).get(link)
    assert.equal(sha256, createHash('sha256').update(content).digest('hex'))
  },
)

test('the nodes of a testnet with a puzzle may have processes of their own', { timeout: DEADLINE_MS }, async () => {
  await using testnet = await started({ nodes: 2, dir: join(folder, 'two'), puzzle: PUZZLE, processes: true })
  assert.equal((await new NodeClient(testnet, 1).status()).overlay.contacts, 1)
})

test('a node that did not pay for its id meets nobody, and is told why', { timeout: DEADLINE_MS }, async () => {
  await using testnet = await started({ nodes: 2, dir: join(folder, 'paid'), puzzle: PUZZLE })
  const [first] = testnet.nodes
  assert.ok(first !== undefined)
  const bootstrap = [parseContact(`${first.id}@${first.listen}`)]
  const others = [{}, { puzzle: { ...PUZZLE, passes: 2 } }, { puzzle: { ...PUZZLE, difficultyBits: 0 } }]
  for (const puzzle of others) {
    const home = await mkdtemp(join(folder, 'unpaid-'))
    const reasons: string[] = []
    const onRefused = (reason: string): void => void reasons.push(reason)
    const outsider = await startDaemon({ ...daemonOptions(home), ...puzzle, bootstrap, onRefused })
    const token = (await readFile(join(home, 'token'), 'utf8')).trim()
    const answer = await fetch(`${outsider.api}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })
    const status = (await answer.json()) as { readonly overlay: { readonly contacts: number } }
    assert.equal(status.overlay.contacts, 0)
    assert.match(reasons.join('\n'), /puzzle for ids|was not accepted/)
    assert.match(await readFile(join(home, 'node.log'), 'utf8'), /did not become a peer/)
    await outsider.stop()
  }
  assert.equal((await new NodeClient(testnet, 0).status()).overlay.contacts, 1)
})

test(
  'a home from a network without a puzzle is refused in one with a puzzle, and works on in its own',
  { timeout: DEADLINE_MS },
  async () => {
    const home = join(folder, 'old')
    const first = await startDaemon(daemonOptions(home))
    const { id } = first.contact
    await first.stop()
    await assert.rejects(
      startDaemon({ ...daemonOptions(home), puzzle: { ...PUZZLE, difficultyBits: 32 } }),
      (error) => isFailure(error, 'refused') && error.message.includes('64KiB,1,32'),
    )
    const second = await startDaemon(daemonOptions(home))
    assert.equal(second.contact.id, id)
    await second.stop()
  },
)

function daemonOptions(home: string): DaemonOptions {
  return { home, networkName: TESTNET, listen: { host: '127.0.0.1', port: 0 }, apiPort: 0, survive: 0.5, bootstrap: [] }
}

async function started(options: TestnetOptions): Promise<Testnet & AsyncDisposable> {
  const testnet = await startTestnet(options)
  return Object.assign(Object.create(testnet) as Testnet, { [Symbol.asyncDispose]: () => testnet.stop() })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield bytes
}
