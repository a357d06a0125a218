/** Ids are told at once where they cost nothing; elsewhere checks are few at a time, in the right order, and never twice for one key. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex, writeU32, type Bytes } from '../base/bytes.ts'
import { Failure, isFailure, type FailureCode } from '../base/failure.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Argon2idInput, MemoryHard } from '../ports/memoryHard.ts'
import { nodeIdOf } from './derive.ts'
import { solvedId, type IdPuzzle } from './idPuzzle.ts'
import { OWN_CHECKS_QUEUED_MAX, SOLVED_KEYS_MAX, STRANGERS_QUEUED_MAX, UNSOLVED_KEYS_MAX } from './limits.ts'
import { NodeIds } from './nodeIds.ts'

const primitives = new NodePrimitives()
const puzzle: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 1 }
const GOOD: Bytes = new Uint8Array(32)
const BAD: Bytes = new Uint8Array(32).fill(255)

/** Runs end when the test says so, with the tag that it says. */
class HeldRuns implements MemoryHard {
  readonly running: { readonly key: string; readonly end: Deferred<Bytes> }[] = []
  startedCount = 0

  argon2id({ password }: Argon2idInput): Promise<Bytes> {
    const end = deferred<Bytes>()
    this.running.push({ key: toHex(password), end })
    this.startedCount++
    return end.promise
  }

  /** Ends the run that began first, and lets what follows begin. */
  async endOne(tag: Bytes | Error): Promise<void> {
    const { end } = this.running.shift() ?? assert.fail('nothing runs')
    if (tag instanceof Error) end.reject(tag)
    else end.resolve(tag)
    await settled()
  }

  get keys(): readonly string[] {
    return this.running.map((run) => run.key)
  }
}

function rig() {
  const runs = new HeldRuns()
  return { runs, ids: new NodeIds(primitives, { network: 'test', puzzle, memoryHard: runs }) }
}

/** Ends every run with `tagOf` its key. */
function quick(tagOf: (key: Uint8Array) => Bytes) {
  const runs = { count: 0 }
  const argon2id = ({ password }: Argon2idInput): Promise<Bytes> => {
    runs.count++
    return Promise.resolve(tagOf(password))
  }
  return { runs, ids: new NodeIds(primitives, { network: 'test', puzzle, memoryHard: { argon2id } }) }
}

function key(value: number): Bytes {
  const bytes = new Uint8Array(32)
  writeU32(bytes, 0, value)
  return bytes
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function failsWith(promise: Promise<unknown>, code: FailureCode): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code))
}

test('without a puzzle every id is told at once and is the hash of the key', async () => {
  const ids = new NodeIds(primitives)
  assert.equal(ids.known(key(1)), nodeIdOf(primitives, key(1)))
  assert.equal(await ids.judge(key(1), 'stranger'), nodeIdOf(primitives, key(1)))
  assert.ok(await ids.isIdOf(nodeIdOf(primitives, key(1)), key(1)))
  assert.ok(!(await ids.isIdOf(nodeIdOf(primitives, key(1)), key(2))))
  await ids.close()
})

test('a key is checked once, whether it counts or not, and known afterwards', async () => {
  const { runs, ids } = quick((publicKey) => (publicKey[3] === 1 ? GOOD : BAD))
  assert.deepEqual([ids.known(key(1)), ids.known(key(2))], [undefined, undefined])
  const id = await ids.judge(key(1), 'stranger')
  const puzzled = ids.puzzled ?? assert.fail('there is a puzzle')
  assert.equal(id, await solvedId(primitives, puzzled, key(1)))
  assert.equal(await ids.judge(key(2), 'own'), 'unsolved')
  const runsBefore = runs.count
  assert.deepEqual([ids.known(key(1)), ids.known(key(2))], [id, 'unsolved'])
  assert.deepEqual([await ids.judge(key(1), 'own'), await ids.judge(key(2), 'stranger')], [id, 'unsolved'])
  assert.equal(runs.count, runsBefore)
})

test('whoever asks for a key that is being checked shares the run', async () => {
  const { runs, ids } = rig()
  const asked = [ids.judge(key(1), 'own'), ids.judge(key(1), 'own'), ids.judge(key(1), 'stranger')]
  await settled()
  assert.equal(runs.startedCount, 1)
  assert.ok(ids.isUnderWay(key(1)) && !ids.isUnderWay(key(2)))
  await runs.endOne(GOOD)
  assert.ok(!ids.isUnderWay(key(1)))
  assert.equal(new Set(await Promise.all(asked)).size, 1)
  assert.equal(runs.startedCount, 1)
})

test('two checks run at once, of strangers one, and this node’s own go first', async () => {
  const { runs, ids } = rig()
  const asked = [1, 2, 3].map((value) => ids.judge(key(value), 'stranger'))
  await settled()
  assert.deepEqual(runs.keys, [toHex(key(1))])
  asked.push(...[11, 12, 13].map((value) => ids.judge(key(value), 'own')))
  await settled()
  assert.deepEqual(runs.keys, [1, 11].map(key).map(toHex))
  await runs.endOne(GOOD)
  assert.deepEqual(runs.keys, [11, 12].map(key).map(toHex))
  for (let at = 0; at < 5; at++) await runs.endOne(BAD)
  const verdicts = await Promise.all(asked)
  assert.equal(verdicts.filter((verdict) => verdict === 'unsolved').length, 5)
})

test('a stranger’s check that this node wants itself moves to the front', async () => {
  const { runs, ids } = rig()
  const asked = [1, 2, 3].map((value) => ids.judge(key(value), 'stranger'))
  asked.push(ids.judge(key(3), 'own'))
  await settled()
  assert.deepEqual(runs.keys, [1, 3].map(key).map(toHex))
  for (let at = 0; at < 3; at++) await runs.endOne(GOOD)
  assert.equal(new Set(await Promise.all(asked)).size, 3)
})

test('strangers beyond the queue are turned away, and do not take the room of this node’s own checks', async () => {
  const { runs, ids } = rig()
  const asked = Array.from({ length: 1 + STRANGERS_QUEUED_MAX }, (_, at) => ids.judge(key(at), 'stranger'))
  await failsWith(ids.judge(key(1_000), 'stranger'), 'busy')
  asked.push(...Array.from({ length: 1 + OWN_CHECKS_QUEUED_MAX }, (_, at) => ids.judge(key(2_000 + at), 'own')))
  await failsWith(ids.judge(key(3_000), 'own'), 'busy')
  while (runs.running.length > 0) await runs.endOne(GOOD)
  assert.equal(new Set(await Promise.all(asked)).size, asked.length)
  assert.equal(runs.startedCount, asked.length)
})

test('a run that fails tells everyone who waits, and the next one begins', async () => {
  const { runs, ids } = rig()
  const asked = [1, 2, 1].map((value) => ids.judge(key(value), 'stranger'))
  await settled()
  const outcomes = Promise.allSettled(asked)
  await runs.endOne(new Failure('refused', 'no memory'))
  await runs.endOne(GOOD)
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected'],
  )
  assert.equal(ids.known(key(1)), undefined)
})

test('after the close nothing begins, and what runs is waited for', async () => {
  const { runs, ids } = rig()
  const running = ids.judge(key(1), 'stranger')
  const waiting = ids.judge(key(2), 'stranger')
  await settled()
  let closed = false
  const closing = ids.close().then(() => (closed = true))
  await failsWith(waiting, 'closed')
  await failsWith(ids.judge(key(3), 'own'), 'closed')
  assert.equal(closed, false)
  await runs.endOne(GOOD)
  await closing
  assert.equal(await running, ids.known(key(1)))
  assert.equal(runs.startedCount, 1)
})

test('an id is one key’s only, and no run is spent on another key that claims it', async () => {
  const { runs, ids } = quick(() => GOOD)
  const id = await ids.judge(key(1), 'stranger')
  assert.ok(id !== 'unsolved')
  assert.ok(await ids.isIdOf(id, key(1)))
  assert.ok(!(await ids.isIdOf(id, key(2))))
  assert.equal(runs.count, 1)
  const other = await solvedId(primitives, ids.puzzled ?? assert.fail('there is a puzzle'), key(3))
  assert.ok(await ids.isIdOf(other ?? assert.fail('it counts'), key(3)))
  assert.ok(!(await ids.isIdOf(id, key(3))))
})

test('the keys remembered are bounded: those asked for least recently go, and bad ones take no room of good ones', async () => {
  const { runs, ids } = quick((publicKey) => (publicKey[0] === 0 ? GOOD : BAD))
  const first = await ids.judge(key(0), 'own')
  for (let at = 1; at <= SOLVED_KEYS_MAX; at++) {
    assert.equal(ids.known(key(0)), first)
    await ids.judge(key(at), 'own')
  }
  assert.equal(ids.known(key(1)), undefined)
  const bad = (at: number): Bytes => key(2 ** 24 + at)
  for (let at = 0; at <= UNSOLVED_KEYS_MAX; at++) await ids.judge(bad(at), 'own')
  assert.deepEqual([ids.known(bad(0)), ids.known(bad(1))], [undefined, 'unsolved'])
  assert.equal(ids.known(key(0)), first)
  assert.equal(runs.count, SOLVED_KEYS_MAX + UNSOLVED_KEYS_MAX + 2)
  const forgotten = await solvedId(primitives, ids.puzzled ?? assert.fail('there is a puzzle'), key(1))
  assert.ok(await ids.isIdOf(forgotten ?? assert.fail('it counts'), key(1)))
})
