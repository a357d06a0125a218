/** Trees survive the way through an archive, and nothing that arrives as an archive harms or hangs the reader. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pack } from 'tar-stream'
import { concat, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { TreeEntry, TreeSource } from '../vault/directory.ts'
import { tarOf, treeOf } from './tar.ts'

interface Kept {
  readonly entry: TreeEntry
  readonly content: Bytes
}

const name = fc.oneof(
  fc.stringMatching(/^[a-zé𝄞 \n=]{1,12}$/u),
  fc.integer({ min: 100, max: 260 }).map((length) => 'n'.repeat(length)),
)
const path = fc
  .array(name, { minLength: 1, maxLength: 5 })
  .map((names) => names.join('/'))
  .filter((text) => text.trim() !== '')
const attributes = { path, mode: fc.nat(0o7777), modifiedUs: fc.integer({ min: -1e15, max: 8e15 }) }
const entry = fc.oneof(
  fc.record({ ...attributes, kind: fc.constant('directory' as const) }).map((each) => kept(each)),
  fc
    .record({ ...attributes, kind: fc.constant('symlink' as const), target: fc.stringMatching(/^[a-zé./]{1,150}$/) })
    .map((each) => kept(each)),
  fc
    .record({
      ...attributes,
      kind: fc.constant('file' as const),
      type: fc.constantFrom('', 'text/plain', 'application/x-own; version="1=2"'),
      content: fc.uint8Array({ maxLength: 2_000 }),
    })
    .map(({ content, ...each }) => kept({ ...each, size: content.length }, content)),
)

test('every tree comes out of its archive as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (tree) => {
      const typed = tree.map((each) => (each.entry.kind === 'file' ? each : { ...each, content: new Uint8Array(0) }))
      assert.deepEqual(await read(tarOf(sources(typed))), typed)
    }),
    { numRuns: 150 },
  )
})

test('what is left unread is skipped', async () => {
  const tree = [kept({ path: 'a', kind: 'file', size: 70_000 }, new Uint8Array(70_000)), kept({ path: 'b' })]
  const seen: string[] = []
  for await (const each of treeOf(tarOf(sources(tree)))) seen.push(each.entry.path)
  assert.deepEqual(seen, ['a', 'b'])
})

test('a file that is not as long as it said fails the archive, and names the file', async () => {
  for (const size of [99, 101]) {
    const tree = [kept({ path: 'grows', kind: 'file', size }, new Uint8Array(100))]
    await assert.rejects(read(tarOf(sources(tree))), /grows changed its size/)
  }
})

test('a failure of the tree fails the archive with it', async () => {
  const failing = async function* (): AsyncGenerator<TreeSource> {
    yield* sources([kept({ path: 'a' })])
    throw new Error('the disk went away')
  }
  await assert.rejects(read(tarOf(failing())), /the disk went away/)
})

test('a failure of the archive fails the tree with it, also amid a file', async () => {
  const whole = await gather(tarOf(sources([kept({ path: 'a', kind: 'file', size: 50_000 }, new Uint8Array(50_000))])))
  const breaking = async function* (): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 20_000)
    throw new Error('the line went dead')
  }
  await assert.rejects(read(breaking()), /the line went dead/)
})

test('leaving an archive early leaves its source', async () => {
  let left = false
  const endless = async function* (): AsyncGenerator<TreeSource> {
    try {
      for (;;) yield* sources([kept({ path: 'a', kind: 'file', size: 9_000 }, new Uint8Array(9_000))])
    } finally {
      left = true
    }
  }
  for await (const piece of tarOf(endless())) if (piece.length > 0) break
  assert.ok(left)
})

test('paths that lead outside, devices and hard links are refused', async () => {
  const hostile = [
    { name: '../up' },
    { name: '/etc/passwd' },
    { name: 'a/../../b' },
    { name: 'tty', type: 'character-device' as const },
    { name: 'twin', type: 'link' as const, linkname: 'a' },
  ]
  for (const header of hostile) {
    const archive = pack()
    archive.entry(header, '')
    archive.finalize()
    await assert.rejects(
      read(archive as AsyncIterable<Uint8Array>),
      (error) => isFailure(error, 'invalid'),
      header.name,
    )
  }
})

test("other programs' ways to write the root and its paths are understood", async () => {
  const archive = pack()
  archive.entry({ name: './', type: 'directory' })
  archive.entry({ name: './a/', type: 'directory' })
  archive.entry({ name: './a/b.txt' }, 'x')
  archive.finalize()
  const tree = await read(archive as AsyncIterable<Uint8Array>)
  assert.deepEqual(
    tree.map((each) => [each.entry.path, each.entry.type]),
    [
      ['a', ''],
      ['a/b.txt', 'text/plain'],
    ],
  )
})

test('random bytes and mutated archives end as a tree or as `invalid`', async () => {
  const whole = await gather(
    tarOf(sources([kept({ path: 'a/b', kind: 'file', size: 700 }, new Uint8Array(700)), kept({ path: 'c' })])),
  )
  const mutated = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const bytes = whole.slice()
      for (const [at, value] of changes) bytes[at] = value
      return bytes
    })
  const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 3_000 }), mutated, cut), async (bytes) => {
      await read(pieces(bytes)).catch((error: unknown) => {
        assert.ok(isFailure(error, 'invalid'), String(error))
      })
    }),
    { numRuns: 1_500 },
  )
})

function kept(attributes: Partial<TreeEntry>, content = new Uint8Array(0)): Kept {
  const plain = { path: 'x', kind: 'directory' as const, mode: 0o755, modifiedUs: 0, size: 0, type: '', target: '' }
  return { entry: { ...plain, ...attributes }, content }
}

async function* sources(tree: readonly Kept[]): AsyncGenerator<TreeSource> {
  for (const { entry: each, content } of tree) yield { entry: each, content: pieces(content) }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777)
}

async function read(archive: AsyncIterable<Uint8Array>): Promise<readonly Kept[]> {
  const tree: Kept[] = []
  for await (const each of treeOf(archive)) tree.push({ entry: each.entry, content: await gather(each.content) })
  return tree
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const all: Uint8Array[] = []
  for await (const piece of source) all.push(piece)
  return concat(...all)
}
