/** The id puzzle: what goes into an id, which keys count, how a key is found, and the published vectors. */
import assert from 'node:assert/strict'
import { argon2Sync, createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { idVectors, type IdVectors } from '../../scripts/idVectors.ts'
import { toHex, writeU32, type Bytes } from '../base/bytes.ts'
import type { NodeId } from '../base/id.ts'
import { NodeMemoryHard } from '../drivers/nodeMemoryHard.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Argon2idInput, MemoryHard } from '../ports/memoryHard.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import {
  expectedRuns,
  grindSeed,
  isPuzzle,
  isSamePuzzle,
  printPuzzle,
  PUBLIC_PUZZLE,
  solvedId,
  type IdPuzzle,
} from './idPuzzle.ts'

const primitives = new NodePrimitives()
const keyed = new KeyedPrimitives(primitives)
const puzzle: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 2 }
const tiny = { network: 'test', puzzle, memoryHard: new NodeMemoryHard() }

function key(value: number): Bytes {
  const bytes = new Uint8Array(32)
  writeU32(bytes, 0, value)
  return bytes
}

/** A hash whose every tag is `tag`, and what it was asked. */
function fixedTag(tag: Uint8Array): MemoryHard & { readonly inputs: Argon2idInput[] } {
  const inputs: Argon2idInput[] = []
  const argon2id = (input: Argon2idInput): Promise<Bytes> => {
    inputs.push(input)
    return Promise.resolve(Uint8Array.from(tag))
  }
  return { inputs, argon2id }
}

test('an id is the hash of the key and of its tag, where the tag begins with enough zeros', async () => {
  for (let at = 0, counted = 0; counted < 3; at++) {
    const publicKey = key(at)
    const tag = argon2Sync('argon2id', {
      message: publicKey,
      nonce: 'mainframe/id-puzzle/1\0test',
      memory: 64,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    })
    const expected = createHash('sha256').update('mainframe/node-id/1\0').update(publicKey).update(tag).digest('hex')
    const counts = (tag[0] ?? 0) < 64
    assert.equal(await solvedId(primitives, tiny, publicKey), counts ? expected : undefined)
    if (counts) counted++
  }
})

test('exactly the leading zero bits count', async () => {
  const zeroBits = async (tag: Uint8Array, difficultyBits: number): Promise<boolean> =>
    (await solvedId(
      primitives,
      { network: 'n', puzzle: { ...puzzle, difficultyBits }, memoryHard: fixedTag(tag) },
      key(1),
    )) !== undefined
  for (const bits of [0, 1, 7, 8, 9, 31, 32]) {
    const tag = new Uint8Array(32)
    tag[bits >> 3] = 0x80 >> (bits & 7)
    assert.ok(await zeroBits(tag, bits))
    assert.ok(!(await zeroBits(tag, bits + 1)))
  }
  assert.ok(await zeroBits(new Uint8Array(32), 32))
})

test('a key has another id in another network and under another cost, and the same under another difficulty', async () => {
  const easy = { ...puzzle, difficultyBits: 0 }
  const idIn = (network: string, of: IdPuzzle): Promise<NodeId | undefined> =>
    solvedId(primitives, { ...tiny, network, puzzle: of }, key(1))
  const ids = [
    await idIn('test', easy),
    await idIn('tesu', easy),
    await idIn('test', { ...easy, memoryKib: 72 }),
    await idIn('test', { ...easy, passes: 2 }),
  ]
  assert.equal(new Set(ids).size, 4)
  const { seed, id } = await grindSeed(primitives, tiny, drawer())
  assert.equal(await solvedId(primitives, { ...tiny, puzzle: easy }, primitives.publicKey(seed)), id)
})

test('grinding ends with a key that counts, and says how far it is', async () => {
  const told: number[] = []
  const hard = { network: 'n', puzzle: { ...puzzle, difficultyBits: 6 }, memoryHard: keyed }
  for (let start = 0; start < 20; start++) {
    const { seed, id } = await grindSeed(keyed, hard, drawer(1_000 * start), (attempts) => told.push(attempts))
    assert.equal(await solvedId(keyed, hard, keyed.publicKey(seed)), id)
  }
  assert.equal(told.filter((attempts) => attempts === 0).length, 20)
  assert.ok(told.includes(64) && told.every((attempts) => attempts % 64 === 0))
})

test('grinding takes as many runs as the difficulty says', async () => {
  const counted = countingRuns(keyed)
  const hard = { network: 'n', puzzle: { ...puzzle, difficultyBits: 4 }, memoryHard: counted }
  for (let start = 0; start < 200; start++) await grindSeed(keyed, hard, drawer(1_000 * start))
  // 200 geometric draws of mean 16 have a mean of 16 +- 1.1; the second search adds up to one run each.
  assert.ok(counted.runs > 200 * 12 && counted.runs < 200 * 21, String(counted.runs))
  assert.equal(expectedRuns(hard.puzzle), 16)
})

test('only whole numbers within bounds are a puzzle', () => {
  assert.ok(isPuzzle(PUBLIC_PUZZLE) && isPuzzle(puzzle) && isPuzzle({ ...puzzle, difficultyBits: 0 }))
  const wrong: readonly Partial<IdPuzzle>[] = [
    { memoryKib: 7 },
    { memoryKib: 2 ** 20 + 1 },
    { memoryKib: 64.5 },
    { passes: 0 },
    { passes: 17 },
    { difficultyBits: -1 },
    { difficultyBits: 33 },
    { difficultyBits: Number.NaN },
  ]
  for (const part of wrong) assert.ok(!isPuzzle({ ...puzzle, ...part }))
})

test('puzzles are the same in every number or not at all, and print as they are', () => {
  assert.ok(isSamePuzzle(puzzle, { ...puzzle }) && isSamePuzzle(undefined, undefined))
  const others = [undefined, { ...puzzle, memoryKib: 65 }, { ...puzzle, passes: 2 }, { ...puzzle, difficultyBits: 3 }]
  for (const other of others) assert.ok(!isSamePuzzle(puzzle, other) && !isSamePuzzle(other, puzzle))
  assert.deepEqual([puzzle, PUBLIC_PUZZLE, undefined].map(printPuzzle), ['64KiB,1,2', '16MiB,1,6', 'none'])
})

test('the published vectors are what this code makes', async () => {
  const url = new URL('../../docs/format/vectors/ids.json', import.meta.url)
  const published = JSON.parse(await readFile(url, 'utf8')) as IdVectors
  assert.deepEqual(published, await idVectors())
  assert.ok(published.withPuzzle.some(({ id }) => id === null) && published.withPuzzle.some(({ id }) => id !== null))
  for (const { seed, publicKey } of [...published.withoutPuzzle, ...published.withPuzzle]) {
    assert.equal(toHex(primitives.publicKey(Uint8Array.from(Buffer.from(seed, 'hex')))), publicKey)
  }
})

function drawer(start = 0): () => Bytes {
  let drawn = start
  return () => key(++drawn)
}

function countingRuns(memoryHard: MemoryHard): MemoryHard & { runs: number } {
  const counted = {
    runs: 0,
    argon2id: (input: Argon2idInput): Promise<Bytes> => {
      counted.runs++
      return memoryHard.argon2id(input)
    },
  }
  return counted
}
