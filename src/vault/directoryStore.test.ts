/** Directories over objects in memory: what goes in comes out, impossible trees are refused, hostile listings do no harm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY, equal, utf8, type Bytes } from '../base/bytes.ts'
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import { KIB, MIB } from '../base/units.ts'
import type { Capability } from '../crypto/link.ts'
import type { PutProgress } from '../storage/objects.ts'
import { MemoryObjects } from '../testing/memoryObjects.ts'
import { gather, once } from '../testing/storageWorld.ts'
import type { EntryKind, OpenDirectory, TreeEntry, TreeSource } from './directory.ts'
import { DirectoryStore } from './directoryStore.ts'
import { PACKED_FILE_BYTES_MAX, PATH_DEPTH_MAX } from './limits.ts'
import { encodeListing, type ListedEntry } from './listing.ts'

function entry(path: string, kind: EntryKind = 'file', more: Partial<TreeEntry> = {}): TreeEntry {
  return { path, kind, mode: 0o640, modifiedUs: 1_700_000_000_000_001, size: 0, type: '', target: '', ...more }
}

function file(path: string, content: Uint8Array, more: Partial<TreeEntry> = {}): TreeSource {
  return { entry: entry(path, 'file', more), content: once(content) }
}

function folder(path: string, more: Partial<TreeEntry> = {}): TreeSource {
  return { entry: entry(path, 'directory', more), content: once(EMPTY) }
}

async function* treeOf(...sources: readonly TreeSource[]): AsyncGenerator<TreeSource> {
  yield* sources
}

interface Rig {
  readonly objects: MemoryObjects
  readonly directories: DirectoryStore
  readonly calls: Record<Parameters<MemoryObjects['failCall']>[0], number>
}

function rig(): Rig {
  const objects = new MemoryObjects()
  const calls = { put: 0, open: 0, health: 0, keep: 0, repair: 0, release: 0 }
  objects.failCall = (call) => {
    calls[call]++
    return undefined
  }
  return { objects, directories: new DirectoryStore(objects), calls }
}

async function failsWith(promise: Promise<unknown>, code: FailureCode, message = /./): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code) && message.test(error.message))
}

async function walked(directory: OpenDirectory): Promise<ReadonlyMap<string, Bytes>> {
  const contents = new Map<string, Bytes>()
  for await (const each of directory.walk()) {
    contents.set(each.entry.path, await gather({ stream: () => each.content() }))
  }
  return contents
}

test('a tree comes out as it went in, parents before what is in them', async () => {
  const { directories } = rig()
  const put = await directories.put(
    treeOf(
      file('z/deep/er', utf8('one'), { type: 'text/plain' }),
      folder('z', { mode: 0o700, modifiedUs: -1 }),
      file('a', EMPTY, { mode: 0o4755 }),
      { entry: entry('link', 'symlink', { target: '../a' }), content: once(EMPTY) },
      folder('empty'),
    ),
  )
  assert.equal(put.capability.what, 'directory')
  assert.equal(put.entries, 6)
  assert.equal(put.bytes, 3)
  const directory = await directories.open(put.capability)
  const entries = []
  for await (const { entry } of directory.walk()) entries.push(entry)
  assert.deepEqual(entries, [
    entry('a', 'file', { mode: 0o4755 }),
    entry('empty', 'directory'),
    entry('link', 'symlink', { target: '../a' }),
    entry('z', 'directory', { mode: 0o700, modifiedUs: -1 }),
    entry('z/deep', 'directory', { mode: 0o755 }),
    entry('z/deep/er', 'file', { size: 3, type: 'text/plain' }),
  ])
  assert.deepEqual(await directory.list('z'), [entries[4]])
  assert.deepEqual(await directory.stat('z/deep/er'), entries[5])
  assert.equal((await directory.stat('')).kind, 'directory')
  const opened = await directory.open('z/deep/er')
  assert.deepEqual([opened.size, opened.type, await gather(opened)], [3, 'text/plain', utf8('one')])
})

test('what is not there is not found, and what is no file or directory says so', async () => {
  const { directories } = rig()
  const { capability } = await directories.put(treeOf(file('d/f', utf8('x'))))
  const directory = await directories.open(capability)
  await failsWith(directory.stat('d/g'), 'not-found')
  await failsWith(directory.open('d/f/g'), 'not-found')
  await failsWith(directory.list('d/f'), 'invalid', /not a directory/)
  await failsWith(directory.open('d'), 'invalid', /is a directory/)
  await failsWith(directory.open(''), 'invalid')
  await failsWith(directory.open('../d'), 'invalid')
  await failsWith(directories.open({ ...capability, what: 'object' }), 'invalid')
})

test('trees that contradict themselves, and entries that no listing can hold, are refused', async () => {
  const x = utf8('x')
  const bad: readonly (readonly TreeSource[])[] = [
    [file('a', x), file('a', x)],
    [file('a', x), folder('a')],
    [folder('a'), file('a', x)],
    [file('a', x), file('a/b', x)],
    [file('', x)],
    [file('../a', x)],
    [file('a', x, { mode: 0o100644 })],
    [file('a', x, { mode: 0.5 })],
    [file('a', x, { modifiedUs: 0.5 })],
    [file('a', x, { type: 't'.repeat(256) })],
    [file('\ud800', x)],
    [{ entry: entry('a', 'symlink'), content: once(EMPTY) }],
    [{ entry: entry('a', 'symlink', { target: '\ud800' }), content: once(EMPTY) }],
  ]
  for (const sources of bad) {
    const { directories } = rig()
    await failsWith(directories.put(treeOf(...sources)), 'invalid')
  }
})

test('a directory named twice keeps what is in it, and its later mode', async () => {
  const { directories } = rig()
  const { capability, entries } = await directories.put(
    treeOf(folder('d'), file('d/f', utf8('x')), folder('d', { mode: 0o700 }), folder('')),
  )
  assert.equal(entries, 2)
  const directory = await directories.open(capability)
  assert.equal((await directory.stat('d')).mode, 0o700)
  assert.equal((await directory.list('d')).length, 1)
})

test('ranges of a packed file never show another file', async () => {
  const { directories } = rig()
  const { capability } = await directories.put(
    treeOf(file('a', utf8('before')), file('b', utf8('hello')), file('c', EMPTY)),
  )
  const directory = await directories.open(capability)
  const hello = await directory.open('b')
  assert.deepEqual(await gather(hello, { start: 1, end: 3 }), utf8('ell'))
  const empty = await directory.open('c')
  assert.deepEqual(await gather(empty), EMPTY)
  for (const range of [
    { start: -3, end: 1 },
    { start: 0, end: 5 },
    { start: 3, end: 2 },
    { start: 0.5, end: 2 },
  ]) {
    await failsWith(gather(hello, range), 'invalid')
    await failsWith(gather(empty, range), 'invalid')
  }
  await failsWith(gather(empty, { start: 0, end: 0 }), 'invalid')
})

test('small files share packs that a walk reads once each, a large file is an object', async () => {
  const { directories, calls } = rig()
  const small = Array.from({ length: 40 }, (_, n) => file(`f${n}`, new Uint8Array(PACKED_FILE_BYTES_MAX).fill(n)))
  const put = await directories.put(treeOf(...small, file('large', new Uint8Array(PACKED_FILE_BYTES_MAX + 1))))
  assert.equal(calls.put, 3 + 1 + 1)
  const contents = await walked(await directories.open(put.capability))
  assert.equal(contents.size, 41)
  for (let n = 0; n < 40; n++) assert.ok(equal(contents.get(`f${n}`) ?? EMPTY, new Uint8Array(MIB).fill(n)))
  assert.equal(contents.get('large')?.length, MIB + 1)
  // The root, three packs and the large file; names are not in the order of packs, so a few are read again.
  assert.ok(calls.open >= 5 && calls.open <= 12, `${calls.open}`)
})

test('a large folder has a listing of its own', async () => {
  const { directories, calls } = rig()
  const many = Array.from({ length: 1_000 }, (_, n) => file(`d/${'n'.repeat(50)}${n}`, utf8(`${n}`)))
  const { capability } = await directories.put(treeOf(...many))
  assert.equal(calls.put, 3)
  const directory = await directories.open(capability)
  assert.equal((await directory.list('d')).length, 1_000)
  assert.deepEqual(await gather(await directory.open(`d/${'n'.repeat(50)}77`)), utf8('77'))
})

test('progress of a tree adds up over its objects and never goes back', async () => {
  const { directories } = rig()
  const told: PutProgress[] = []
  const sources = [0, 1, 2].map((n) => file(`f${n}`, new Uint8Array(2 * MIB)))
  await directories.put(treeOf(...sources), { onProgress: (progress) => told.push(progress) })
  assert.ok(told.every(({ bytes }, at) => at === 0 || bytes >= (told[at - 1]?.bytes ?? 0)))
  assert.ok((told.at(-1)?.bytes ?? 0) > 6 * MIB)
})

test('a pack that cannot be stored ends the put with its failure, though entries go on', async () => {
  const { objects, directories } = rig()
  objects.failCall = (call) => (call === 'put' ? new Failure('no-space', 'no room') : undefined)
  let given = 0
  async function* endless(): AsyncGenerator<TreeSource> {
    for (;;) yield file(`f${given++}`, new Uint8Array(900 * KIB))
  }
  await failsWith(directories.put(endless()), 'no-space')
  assert.ok(given < 100)
})

test('a put that is given up ends at once, though its source gives nothing any more', async () => {
  const { directories } = rig()
  const controller = new AbortController()
  async function* stuck(): AsyncGenerator<TreeSource> {
    yield file('a', utf8('x'))
    controller.abort()
    await new Promise<never>(() => undefined)
  }
  await failsWith(directories.put(stuck(), { signal: controller.signal }), 'aborted')
})

test('the source of a large file is told when the put fails in its midst', async () => {
  const { objects, directories } = rig()
  let isTold = false
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(MIB)
    } finally {
      isTold = true
    }
  }
  const failure = new Failure('no-space', 'no room')
  objects.put = async (source) => {
    for await (const chunk of source) if (chunk.length > 0) throw failure
    throw new Failure('invalid', 'the source was empty')
  }
  await assert.rejects(directories.put(treeOf({ entry: entry('f'), content: content() })), failure)
  assert.ok(isTold)
})

/** A listing by hand, as a stranger could store it. */
async function stored(
  objects: MemoryObjects,
  entries: readonly ListedEntry[],
  packs: readonly Capability[] = [],
): Promise<Capability> {
  const { capability } = await objects.put(once(encodeListing({ packs, entries })))
  return { ...capability, what: 'directory' }
}

const LISTED = {
  mode: 0o644,
  modifiedUs: 0,
  type: '',
  target: '',
  object: undefined,
  packed: undefined,
  nested: undefined,
}

function listedFolder(name: string, object: Capability): ListedEntry {
  return { ...LISTED, name, kind: 'directory', size: 0, object: { ...object, what: 'object' } }
}

test('listings that name one another many times are asked for their health once each', async () => {
  const { objects, directories, calls } = rig()
  let below = await stored(objects, [])
  for (let level = 0; level < 40; level++) {
    below = await stored(objects, [listedFolder('a', below), listedFolder('b', below)])
  }
  await directories.health(below)
  assert.equal(calls.health, 41)
})

test('a tree that is deeper than any path is refused when the walk gets there', async () => {
  const { objects, directories } = rig()
  let below = await stored(objects, [])
  for (let level = 0; level < PATH_DEPTH_MAX + 5; level++) below = await stored(objects, [listedFolder('d', below)])
  const directory = await directories.open(below)
  await failsWith(walked(directory), 'damaged', /deeper than any path/)
  await failsWith(directories.health(below), 'damaged', /deeper than any path/)
})

test('what the listing says of a file must fit the pack or object that it names', async () => {
  const { objects, directories } = rig()
  const short = (await objects.put(once(utf8('short')))).capability
  const packed: ListedEntry = { ...LISTED, name: 'p', kind: 'file', size: 9, packed: { pack: 0, offset: 0 } }
  const object: ListedEntry = { ...LISTED, name: 'o', kind: 'file', size: 4, object: short }
  const directory = await directories.open(await stored(objects, [object, packed], [short]))
  await failsWith(directory.open('p'), 'damaged', /shorter than its directory says/)
  await failsWith(directory.open('o'), 'damaged', /not as long as the listing says/)
  await failsWith(walked(directory), 'damaged')
})

test('what is no listing is damaged, and what is too large for one is not read', async () => {
  const { objects, directories, calls } = rig()
  const { capability } = await objects.put(once(utf8('no listing')))
  await failsWith(directories.open({ ...capability, what: 'directory' }), 'damaged', /cannot be read/)
  const large = await objects.put(once(new Uint8Array(17 * MIB)))
  await failsWith(directories.open({ ...large.capability, what: 'directory' }), 'invalid', /larger than any directory/)
  assert.equal(calls.open, 2)
})
