/** The LMDB stores pass the suites, refuse a second process, survive a kill, and treat damage as absence. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'lmdb'
import { utf8 } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { fragmentStoreSuite, indicesOf, sampleFragment, stripeId } from '../testing/suites/fragmentStore.ts'
import { stateStoreSuite } from '../testing/suites/stateStore.ts'
import { lockFolder } from './folderLock.ts'
import { fragmentKey } from './fragmentRecord.ts'
import { LmdbFragmentStore } from './lmdbFragmentStore.ts'
import { LmdbStateStore } from './lmdbStateStore.ts'

const LEASE = { expiresMs: 1_800_000_000_000, sender: stripeId(1) as StripeId & NodeId, owner: undefined }

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mainframe-store-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

fragmentStoreSuite('lmdb', async () => {
  const folder = await temporaryFolder()
  return {
    open: (options) => LmdbFragmentStore.open({ folder: folder.path, ...options }),
    dispose: async () => folder[Symbol.asyncDispose](),
  }
})

stateStoreSuite('lmdb', async () => {
  const folder = await temporaryFolder()
  return {
    open: () => LmdbStateStore.open(folder.path),
    dispose: async () => folder[Symbol.asyncDispose](),
  }
})

void test('a folder that is open is refused a second time, and free again once closed', async () => {
  await using folder = await temporaryFolder()
  const first = await LmdbStateStore.open(folder.path)
  await assert.rejects(LmdbStateStore.open(folder.path), (error) => isFailure(error, 'refused'))
  await first.close()
  await (await LmdbStateStore.open(folder.path)).close()
})

void test('the lock of a process that is gone, or of an earlier process of the same id, is taken over', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'in-use')
  const child = spawn(process.execPath, ['--eval', ''])
  await once(child, 'exit')
  for (const stale of [`${String(child.pid)} 1\n`, `${String(process.pid)} 1\n`, 'garbage', '']) {
    await writeFile(path, stale)
    const lock = await lockFolder(folder.path)
    await assert.rejects(lockFolder(folder.path), (error) => isFailure(error, 'refused'))
    await lock.release()
  }
})

void test('of many that lock a folder at once, over a stale lock, one gets it', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'in-use'), 'garbage')
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder.path)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

void test('what was acknowledged is there after the process is killed', async () => {
  await using folder = await temporaryFolder()
  const program = `
    import { LmdbStateStore } from ${JSON.stringify(new URL('lmdbStateStore.ts', import.meta.url).href)}
    const store = await LmdbStateStore.open(${JSON.stringify(folder.path)})
    for (let at = 0; ; at++) {
      await store.put(String(at), new Uint8Array(1000))
      process.stdout.write(at + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let acknowledged = ''
  for await (const piece of child.stdout) {
    acknowledged += String(piece)
    if (acknowledged.split('\n').length > 20) child.kill('SIGKILL')
  }
  // Its output may end before the process does.
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const store = await LmdbStateStore.open(folder.path)
  for (const key of acknowledged.split('\n').slice(0, -1)) assert.equal((await store.get(key))?.length, 1000)
  await store.close()
})

void test('a damaged entry counts as not held, and does not hide its siblings', async () => {
  await using folder = await temporaryFolder()
  const before = await LmdbFragmentStore.open({ folder: folder.path })
  await before.put(
    [0, 1, 2, 3].map((index) => sampleFragment({ stripe: 1, index })),
    LEASE,
  )
  await before.close()
  const raw = open({ path: folder.path, noSubdir: false, overlappingSync: false })
  const bytes = { encoding: 'binary', keyEncoding: 'binary' } as const
  await raw.openDB({ name: 'index', ...bytes }).put(fragmentKey(stripeId(1), 0), Buffer.from('garbage'))
  await raw.openDB({ name: 'bulk', ...bytes }).put(fragmentKey(stripeId(1), 1), Buffer.from('short'))
  await raw.openDB({ name: 'bulk', ...bytes }).remove(fragmentKey(stripeId(1), 2))
  await raw.close()
  const store = await LmdbFragmentStore.open({ folder: folder.path })
  for (const index of [0, 1, 2]) assert.equal(await store.get(stripeId(1), index), undefined)
  assert.deepEqual(await store.get(stripeId(1), 3), sampleFragment({ stripe: 1, index: 3 }))
  assert.deepEqual(indicesOf(await store.held(stripeId(1))), [1, 2, 3])
  assert.ok(store.damagedCount >= 3)
  await store.put([sampleFragment({ stripe: 1, index: 0 })], LEASE)
  assert.deepEqual(await store.get(stripeId(1), 0), sampleFragment({ stripe: 1, index: 0 }))
  assert.equal(store.usage().fragmentCount, 4)
  await store.close()
})

void test('a file that is no database, or was cut short, is refused with advice and left alone', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'data.mdb')
  const store = await LmdbStateStore.open(folder.path)
  await store.put('key', new Uint8Array(100_000))
  await store.close()
  const whole = await readFile(path)
  const garbage = Buffer.alloc(20_000, 'x')
  for (const damaged of [garbage, whole.subarray(0, 100), whole.subarray(0, 5000), whole.subarray(0, 60_000)]) {
    await writeFile(path, damaged)
    await assert.rejects(
      LmdbStateStore.open(folder.path),
      (error) => isFailure(error, 'storage') && error.message.includes('move the folder away'),
    )
    assert.deepEqual(await readFile(path), damaged)
  }
})

void test('a folder that cannot be made is a storage failure', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'file')
  await writeFile(path, '')
  await assert.rejects(LmdbStateStore.open(join(path, 'inside')), (error) => isFailure(error, 'storage'))
})

void test('a closing store finishes the puts under way', async () => {
  await using folder = await temporaryFolder()
  const store = await LmdbStateStore.open(folder.path)
  const puts = Array.from({ length: 50 }, (_, at) => store.put(String(at), utf8('value')))
  await store.close()
  await Promise.all(puts)
  const again = await LmdbStateStore.open(folder.path)
  assert.equal((await again.keys('', 100)).length, 50)
  await again.close()
})
