/** A tree of thousands of entries in a network of whole nodes: in, half of the nodes gone, and out identical. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY, equal, type Bytes } from '../src/base/bytes.ts'
import { KIB, MIB } from '../src/base/units.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { once, gather, StorageWorld } from '../src/testing/storageWorld.ts'
import type { TreeEntry, TreeSource } from '../src/vault/directory.ts'
import { DirectoryStore } from '../src/vault/directoryStore.ts'

interface Given {
  readonly entry: TreeEntry
  readonly content: Bytes
}

const ALPHABET = ['a', 'B', '7', ' ', '.', '-', 'ä', 'ß', '日', '🜁', '\\', '"', '%', '\u200b']

/** Folders within folders, and in them files of all small sizes and symlinks; one file is too large for a pack. */
function randomTree(dice: SeededRandom, fileCount: number): ReadonlyMap<string, Given> {
  const tree = new Map<string, Given>()
  const folders = ['']
  const add = (parent: string, more: Partial<TreeEntry>, content: Bytes): string => {
    const name = Array.from({ length: 1 + dice.integer(12) }, () => ALPHABET[dice.integer(ALPHABET.length)]).join('')
    const path = `${parent}${name}-${tree.size}`
    const modifiedUs = dice.integer(2 ** 32) * 500_000 - 1_000_000_000
    const common = { path, mode: dice.integer(0o10000), modifiedUs, type: '', target: '' }
    tree.set(path, { entry: { ...common, kind: 'file', size: content.length, ...more }, content })
    return path
  }
  for (let n = 0; n < fileCount; n++) {
    const parent = folders[dice.integer(folders.length)] ?? ''
    if (n % 40 === 0) folders.push(`${add(parent, { kind: 'directory' }, EMPTY)}/`)
    if (n % 25 === 0) add(parent, { kind: 'symlink', target: '../some where/日' }, EMPTY)
    const type = n % 2 === 0 ? 'text/plain;charset=utf-8' : ''
    add(parent, { type }, dice.bytes(dice.integer(2) * dice.integer(1_500)))
  }
  add('', { type: 'video/mp4' }, dice.bytes(MIB + 5))
  return tree
}

async function* sourcesOf(tree: ReadonlyMap<string, Given>): AsyncGenerator<TreeSource> {
  for (const { entry, content } of tree.values()) yield { entry, content: once(content) }
}

test('two thousand files come out as they went in after half of the nodes are gone', async () => {
  const storage = await StorageWorld.start({ seed: 1 })
  const tree = randomTree(new SeededRandom(1), 2_000)
  const put = await storage.until(new DirectoryStore(storage.node(0).objects).put(sourcesOf(tree)))
  assert.equal(put.entries, tree.size)
  assert.equal(
    put.bytes,
    [...tree.values()].reduce((sum, { content }) => sum + content.length, 0),
  )
  storage.killAtRandom(12, [5])

  const directories = new DirectoryStore(storage.node(5).objects)
  const directory = await storage.until(directories.open(put.capability))
  const walk = async (): Promise<number> => {
    const seen = new Set<string>()
    for await (const each of directory.walk()) {
      const { path } = each.entry
      const given = tree.get(path)
      assert.deepEqual(each.entry, given?.entry)
      assert.ok(equal(await gather({ stream: () => each.content() }), given?.content ?? EMPTY), path)
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
      assert.ok(parent === '' || seen.has(parent), 'parents come first')
      seen.add(path)
    }
    return seen.size
  }
  assert.equal(await storage.until(walk()), tree.size)

  const dice = new SeededRandom(2)
  const files = [...tree.values()].filter(({ entry, content }) => entry.kind === 'file' && content.length > 2)
  for (let time = 0; time < 10; time++) {
    const { entry, content } = files[dice.integer(files.length)] as Given
    const file = await storage.until(directory.open(entry.path))
    assert.equal(file.type, entry.type)
    const start = dice.integer(content.length)
    const end = start + dice.integer(content.length - start)
    sameBytes(await storage.until(gather(file, { start, end })), content.slice(start, end + 1))
  }

  const health = await storage.until(directories.health(put.capability))
  assert.ok(health.bytes > put.bytes, 'packs and listings count')
  assert.deepEqual([health.needed, health.total, health.state], [64, 193, 'at-risk'])
  assert.ok(health.aliveMin >= 64 && health.aliveMin <= 12 * 9, `${health.aliveMin}`)
  assert.ok(health.survivesNow > 0 && health.survivesNow < 0.5)
})

test('reading one file of a large tree asks for little more than that file', async () => {
  const storage = await StorageWorld.start({ seed: 2, nodes: 12 })
  const tree = randomTree(new SeededRandom(3), 600)
  const { capability } = await storage.until(new DirectoryStore(storage.node(0).objects).put(sourcesOf(tree)))
  const verified = (): number => storage.node(5).status().reads.fragmentsVerified
  const directory = await storage.until(new DirectoryStore(storage.node(5).objects).open(capability))
  const before = verified()
  const [{ entry, content }] = [...tree.values()].filter((given) => given.content.length > KIB) as [Given]
  const file = await storage.until(directory.open(entry.path))
  sameBytes(await storage.until(gather(file)), content)
  assert.ok(verified() - before <= 4, `${verified() - before} fragments were fetched`)
})
