/** Folders survive the way out of and into the file system, and no tree writes outside of the folder it is given. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmod,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import { tarOf, treeOf } from '../gateway/tar.ts'
import type { TreeEntry, TreeSource } from '../vault/directory.ts'
import { CommandFailure } from './exit.ts'
import { extractTree } from './extractTree.ts'
import { folderTree } from './folderTree.ts'

let outside: string

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'mainframe-extract-'))
})

afterEach(async () => {
  await rm(outside, { recursive: true, force: true })
})

test('a folder comes out as it went in: content, kinds, permissions and times', async () => {
  const folder = join(outside, 'in')
  await mkdir(join(folder, 'sub', 'empty'), { recursive: true })
  await writeFile(join(folder, 'größe.txt'), 'words')
  await writeFile(join(folder, 'sub', 'big'), new Uint8Array(1_500_000).fill(7))
  await writeFile(join(folder, 'sub', 'nothing'), '')
  await symlink('../größe.txt', join(folder, 'sub', 'link'))
  await symlink('/nowhere/at/all', join(folder, 'absolute'))
  await chmod(join(folder, 'größe.txt'), 0o640)
  await utimes(join(folder, 'größe.txt'), 1_790_000_000.123456, 1_790_000_000.123456)
  await utimes(join(folder, 'sub', 'big'), 3, 3)
  await lutimes(join(folder, 'absolute'), 1_600_000_000.5, 1_600_000_000.5)
  await chmod(join(folder, 'sub'), 0o555)
  await utimes(join(folder, 'sub'), 1_700_000_000.000001, 1_700_000_000.000001)
  await extractTree(treeOf(tarOf(folderTree(folder, refuseSkip))), join(outside, 'out'))
  assert.deepEqual(await snapshot(join(outside, 'out')), await snapshot(folder))
  await chmod(join(folder, 'sub'), 0o755)
  await chmod(join(outside, 'out', 'sub'), 0o755)
})

test('what a tree cannot hold is left out and told', async () => {
  const folder = join(outside, 'in')
  await mkdir(folder)
  const socket = createServer().listen(join(folder, 'socket'))
  await once(socket, 'listening')
  await writeFile(join(folder, 'kept'), 'x')
  const skipped: string[] = []
  const kept: string[] = []
  for await (const { entry } of folderTree(folder, (path) => skipped.push(path))) kept.push(entry.path)
  assert.deepEqual([kept, skipped], [['kept'], ['socket']])
  socket.close()
})

test('nothing is written through a symlink of the tree', async () => {
  const hostile = [
    [entry('a', { kind: 'symlink', target: outside }), entry('a/escaped')],
    [entry('a/escaped'), entry('a', { kind: 'symlink', target: outside })],
    [entry('a', { kind: 'symlink', target: '..' }), entry('a/b', { kind: 'directory' }), entry('a/b/escaped')],
    [entry('a', { kind: 'symlink', target: join(outside, 'escaped') }), entry('a')],
  ]
  for (const tree of hostile) {
    await extractTree(sources(tree), join(outside, 'out')).catch((error: unknown) => {
      assert.ok(isFailure(error, 'invalid'), String(error))
    })
    await rm(join(outside, 'out'), { recursive: true, force: true })
    assert.deepEqual(await readdir(outside), [])
  }
})

test('whatever paths and targets a tree has, all it writes is in its folder, or nothing is', async () => {
  const name = fc.oneof(fc.constantFrom('a', 'b', '..', '.', '', 'A'), fc.stringMatching(/^[a-c./\\\0]{1,6}$/))
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
  const target = fc.oneof(fc.constantFrom('..', '../..', '.', '/', 'a', 'a/b'), fc.constant('OUTSIDE'))
  const one = fc.record({ path, kind: fc.constantFrom('file', 'directory', 'symlink'), target })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 6 }), async (tree) => {
      const entries = tree.map((each) => entry(each.path, { ...each, target: each.target.replace('OUTSIDE', outside) }))
      const done = await extractTree(sources(entries), join(outside, 'out')).then(
        () => true,
        () => false,
      )
      assert.deepEqual(await readdir(outside), done ? ['out'] : [])
      await rm(join(outside, 'out'), { recursive: true, force: true })
    }),
    { numRuns: 300 },
  )
})

test('set-uid and its like do not come out', async () => {
  await extractTree(sources([entry('tool', { mode: 0o6755 })]), join(outside, 'out'))
  assert.equal((await lstat(join(outside, 'out', 'tool'))).mode & 0o7777, 0o755)
})

test('a folder with something in it is not written over, an empty one is filled', async () => {
  const target = join(outside, 'out')
  await mkdir(target)
  await extractTree(sources([entry('a')]), target)
  await assert.rejects(
    extractTree(sources([entry('b')]), target),
    (error) => error instanceof CommandFailure && error.code === 'conflict',
  )
  assert.deepEqual(await readdir(target), ['a'])
})

test('a tree that breaks off leaves nothing', async () => {
  const breaking = async function* (): AsyncGenerator<TreeSource> {
    yield* sources([entry('a')])
    throw new Error('the line went dead')
  }
  await assert.rejects(extractTree(breaking(), join(outside, 'out')), /went dead/)
  assert.deepEqual(await readdir(outside), [])
})

function refuseSkip(path: string, why: string): void {
  assert.fail(`left out ${path}: ${why}`)
}

function entry(path: string, attributes: Partial<TreeEntry> = {}): TreeEntry {
  return { path, kind: 'file', mode: 0o644, modifiedUs: 0, size: 1, type: '', target: '', ...attributes }
}

async function* sources(tree: readonly TreeEntry[]): AsyncGenerator<TreeSource> {
  for (const each of tree) yield { entry: each, content: content() }
}

async function* content(): AsyncGenerator<Uint8Array> {
  yield utf8('x')
}

/** Everything below a folder that a copy should keep, times in whole microseconds. */
async function snapshot(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const found: Record<string, unknown> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name)
    const stats = await lstat(path, { bigint: true })
    const text = stats.isSymbolicLink() ? await readlink(path) : stats.isFile() ? await readFile(path, 'latin1') : ''
    found[name] = [stats.mode, stats.mtimeNs / 1000n, text]
  }
  return found
}
