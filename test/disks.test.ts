/** Disks that take no more: the node says so, goes on serving what it has, and loses none of it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { present } from '../src/base/assert.ts'
import { MIB } from '../src/base/units.ts'
import { startTestnet, type Testnet, type TestnetNode } from '../src/testing/testnet.ts'
import { content, NodeClient } from './nodeClient.ts'

const NODES = 8
const FULL_DISK = 5
const QUOTA = 6
const UNWRITABLE = 7
const CROWDED = [FULL_DISK, QUOTA, UNWRITABLE]
const OBJECT_BYTES = 8 * MIB
const OBJECTS = 4
const QUOTA_BYTES = 4 * MIB
/** What stores leave alone and a little more: a few fragments fit. */
const DISK_MIB = 72

const RATIONED = /^rationed: half of the room is used; one sender may have 512 KiB/

interface Kept {
  readonly link: string
  readonly placed: number
  readonly sha256: string
}

describe('with a full disk, one that is read-only and a quota that is reached', () => {
  const kept: Kept[] = []
  let testnet: Testnet
  let home: string
  let unmount: (() => void) | undefined
  let allowWriting: (() => void) | undefined

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'mainframe-disks-'))
    unmount = mountSmall(join(home, 'nodes', '05', 'fragments'))
    // Where nothing may be mounted the small disk is a quota.
    const quotaBytes = { [QUOTA]: QUOTA_BYTES, ...(unmount === undefined ? { [FULL_DISK]: QUOTA_BYTES } : {}) }
    testnet = await startTestnet({ nodes: NODES, dir: home, processes: true, quotaBytes })
    kept.push(await put(8))
    allowWriting = forbidWriting(join(node(UNWRITABLE).dir, 'fragments'))
    for (let seed = 1; seed <= OBJECTS; seed++) kept.push(await put(seed))
  })

  after(async () => {
    await testnet.stop()
    allowWriting?.()
    unmount?.()
    await rm(home, { recursive: true, force: true })
  })

  async function put(seed: number): Promise<Kept> {
    const { source, sha256 } = content(OBJECT_BYTES, seed)
    const { link, fragments } = await new NodeClient(testnet, 0).put(source)
    return { link, placed: fragments.placed, sha256: sha256() }
  }

  const node = (index: number): TestnetNode => present(testnet.nodes[index], `node ${index}`)

  const stateOf = async (index: number): Promise<string> =>
    (await new NodeClient(testnet, index).status()).storage.state

  test('each node says why it takes nothing', async (t) => {
    // One node puts everything: of a quota it gets half and its share of the rest.
    assert.match(await stateOf(QUOTA), RATIONED)
    assert.match(
      await stateOf(FULL_DISK),
      unmount === undefined ? RATIONED : /^no-space: the disk that holds .* is full/,
    )
    if (allowWriting !== undefined) assert.match(await stateOf(UNWRITABLE), /^storage: .*disk is not read-only/)
    assert.equal(await stateOf(1), 'ok')
    t.diagnostic(
      `small disk ${unmount === undefined ? 'as a quota' : 'mounted'}, writing forbidden: ${allowWriting !== undefined}`,
    )
  })

  test('each of them reads, and nothing that was acknowledged is missing', async () => {
    for (const { link, placed, sha256 } of kept) {
      for (const index of CROWDED) {
        assert.deepEqual(await new NodeClient(testnet, index).get(link), { sha256, bytes: OBJECT_BYTES })
      }
      const { aliveMin } = await new NodeClient(testnet, 1).health(link)
      assert.ok(aliveMin >= placed, `${aliveMin} of ${placed}`)
    }
  })

  test('after a kill and a restart each has all it had', async () => {
    allowWriting?.()
    allowWriting = undefined
    for (const index of CROWDED) {
      const { storage } = await new NodeClient(testnet, index).status()
      assert.ok(storage.fragments > 0)
      await node(index).kill('SIGKILL')
      await node(index).restart()
      assert.equal((await new NodeClient(testnet, index).status()).storage.fragments, storage.fragments)
    }
    for (const { link, sha256 } of kept) {
      assert.deepEqual(await new NodeClient(testnet, FULL_DISK).get(link), { sha256, bytes: OBJECT_BYTES })
    }
  })
})

/** A disk of {@link DISK_MIB} at the folder, and what takes it away; undefined where that takes rights that we do not have. */
function mountSmall(folder: string): (() => void) | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!succeeds('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'none', folder])) return undefined
  return () => succeeds('umount', [folder])
}

/** From now on the folder is read-only for whoever looks, and what makes it writable again. */
function forbidWriting(folder: string): (() => void) | undefined {
  if (!succeeds('mount', ['--bind', folder, folder])) return undefined
  const unmountAgain = (): boolean => succeeds('umount', [folder])
  if (succeeds('mount', ['-o', 'remount,bind,ro', folder])) return unmountAgain
  unmountAgain()
  return undefined
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
