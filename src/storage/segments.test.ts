/** Cutting into segments: the same bytes however they come, in buffers that can be given away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, type Bytes } from '../base/bytes.ts'
import { MIB } from '../base/units.ts'
import { segments } from './segments.ts'

async function* chunksOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function cut(chunks: Iterable<Uint8Array>, segmentBytes: number): Promise<readonly Bytes[]> {
  const pieces: Bytes[] = []
  for await (const piece of segments(chunksOf(chunks), segmentBytes)) pieces.push(piece)
  return pieces
}

test('however the bytes come, the segments are the same and all full but the last', async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 100 }), async (given, segmentBytes) => {
      const whole = concat(...given)
      const pieces = await cut(given, segmentBytes)
      assert.deepEqual(concat(...pieces), whole)
      assert.deepEqual(pieces, await cut([whole], segmentBytes))
      assert.equal(pieces.length, Math.ceil(whole.length / segmentBytes))
      assert.ok(pieces.slice(0, -1).every((piece) => piece.length === segmentBytes))
    }),
  )
})

test('each segment owns its buffer, also where it has grown and where the source uses its own again', async () => {
  const reused = new Uint8Array(100_000)
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let fill = 1; fill <= 25; fill++) yield reused.fill(fill)
  }
  const pieces: Bytes[] = []
  for await (const piece of segments(source(), MIB)) {
    assert.equal(piece.byteLength, piece.buffer.byteLength)
    pieces.push(new Uint8Array(piece.buffer.transfer()))
  }
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [MIB, MIB, 2_500_000 - 2 * MIB],
  )
  const whole = concat(...pieces)
  for (let fill = 1; fill <= 25; fill++) {
    assert.ok(whole.subarray((fill - 1) * 100_000, fill * 100_000).every((byte) => byte === fill))
  }
})

test('a source that fails passes its failure on, and one that is left is told', async () => {
  let told = 0
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield new Uint8Array(10)
      throw new Error('the disk is gone')
    } finally {
      told++
    }
  }
  await assert.rejects(async () => {
    for await (const piece of segments(source(), 100)) assert.fail(`${piece.length} bytes of a source that failed`)
  }, /the disk is gone/)
  for await (const piece of segments(source(), 5)) {
    assert.equal(piece.length, 5)
    break
  }
  assert.equal(told, 2)
})
