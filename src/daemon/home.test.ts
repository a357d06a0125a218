/** A home has one owner at a time, a token for its user alone, and a note that never points at a process that is gone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { ensureToken, readRuntime, removeRuntime, takeHome, tokenFileOf, writeRuntime } from './home.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mainframe-home-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a home is made with its parents, for its owner alone', async () => {
  const home = join(folder, 'a', 'b')
  const lock = await takeHome(home)
  assert.equal((await stat(home)).mode & 0o777, 0o700)
  await lock.release()
  assert.deepEqual(await readdir(home), [])
})

test('a home in use is refused and says so, until it is given back', async () => {
  const lock = await takeHome(folder)
  await assert.rejects(takeHome(folder), (error) => isFailure(error, 'refused') && error.details.locked === folder)
  await lock.release()
  await (await takeHome(folder)).release()
})

test('a place where no folder can be is told at once', async () => {
  await writeFile(join(folder, 'file'), '')
  for (const home of [join(folder, 'file'), join(folder, 'file', 'below'), '/proc/none/below']) {
    await assert.rejects(takeHome(home), (error) => isFailure(error, 'storage'), home)
  }
})

test('the token stays the same, has 32 random bytes and is for its owner alone', async () => {
  const file = tokenFileOf(folder)
  const token = await ensureToken(file)
  assert.equal(Buffer.from(token, 'base64url').length, 32)
  assert.equal(await ensureToken(file), token)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), ['token'])
})

test('a token that others may read, or that is none, is refused', async () => {
  const file = tokenFileOf(folder)
  await ensureToken(file)
  await chmod(file, 0o640)
  await assert.rejects(ensureToken(file), (error) => isFailure(error, 'storage') && error.message.includes('chmod 600'))
  await writeFile(file, 'short')
  await chmod(file, 0o600)
  await assert.rejects(ensureToken(file), (error) => isFailure(error, 'storage'))
})

test('the note of a running process is found, that of one that is gone is not', async () => {
  const tokenFile = tokenFileOf(folder)
  const runtime = { api: 'http://127.0.0.1:7333', pid: process.pid, tokenFile }
  assert.equal(await readRuntime(folder), undefined)
  await writeRuntime(folder, runtime)
  assert.deepEqual(await readRuntime(folder), runtime)
  const { pid } = spawnSync(process.execPath, ['--version'])
  await writeRuntime(folder, { ...runtime, pid })
  assert.equal(await readRuntime(folder), undefined)
  await removeRuntime(folder)
  assert.deepEqual(await readdir(folder), [])
})

test('a note that is not whole counts for none', async () => {
  for (const text of ['', '{', 'null', '[]', '{"api":1}', `{"api":"x","pid":1.5,"tokenFile":"y"}`]) {
    await writeFile(join(folder, 'runtime.json'), text)
    assert.equal(await readRuntime(folder), undefined, text)
  }
})
