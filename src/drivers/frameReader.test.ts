/** Frames come out as they went in, however the stream is cut; garbage ends in a refusal and never in an exception. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, writeU32, type Bytes } from '../base/bytes.ts'
import { FrameReader } from './frameReader.ts'

const FRAME_MAX = 300

function framed(frame: Uint8Array): Bytes {
  const head = new Uint8Array(4)
  writeU32(head, 0, frame.length)
  return concat(head, frame)
}

/** What a reader makes of `stream` when it arrives in pieces of these lengths, the rest at once. */
function read(
  stream: Uint8Array,
  pieceLengths: readonly number[],
): { frames: Uint8Array[]; refusal: string | undefined } {
  const reader = new FrameReader(FRAME_MAX)
  const frames: Uint8Array[] = []
  let refusal: string | undefined
  let at = 0
  for (const length of [...pieceLengths, stream.length]) {
    const piece = stream.slice(at, at + length)
    at += piece.length
    refusal ??= reader.push(piece, (frame) => frames.push(frame))
  }
  return { frames, refusal }
}

const anyFrames = fc.array(fc.uint8Array({ maxLength: FRAME_MAX }), { maxLength: 12 })
const anyCuts = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 })

void test('frames come out whole and in order however the stream is cut', () => {
  fc.assert(
    fc.property(anyFrames, anyCuts, (frames, cuts) => {
      const got = read(concat(...frames.map(framed)), cuts)
      assert.equal(got.refusal, undefined)
      assert.deepEqual(got.frames, frames)
    }),
  )
})

void test('random bytes give frames within the limit or a refusal, the same for every cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), anyCuts, (stream, cuts) => {
      const got = read(stream, cuts)
      assert.ok(got.frames.every((frame) => frame.length <= FRAME_MAX))
      assert.deepEqual(got, read(stream, []))
    }),
  )
})

void test('a valid stream with a bent byte keeps the frames before it', () => {
  fc.assert(
    fc.property(anyFrames, anyCuts, fc.nat(), fc.integer({ min: 1, max: 255 }), (frames, cuts, where, flip) => {
      const stream = concat(...frames.map(framed))
      if (stream.length === 0) return
      const at = where % stream.length
      stream[at] = (stream[at] ?? 0) ^ flip
      const got = read(stream, cuts)
      let end = 0
      const untouched = frames.filter((frame) => (end += 4 + frame.length) <= at)
      assert.deepEqual(got.frames.slice(0, untouched.length), untouched)
      assert.deepEqual(got, read(stream, []))
    }),
  )
})

void test('a frame over the limit is refused from its head alone, and nothing is read after it', () => {
  const head = new Uint8Array(4)
  writeU32(head, 0, FRAME_MAX + 1)
  const got = read(concat(framed(Uint8Array.of(1)), head, framed(Uint8Array.of(2))), [])
  assert.match(got.refusal ?? '', /frame of 301 bytes/)
  assert.deepEqual(got.frames, [Uint8Array.of(1)])
})

void test('a reader stopped by the handler of a frame gives no other', () => {
  const reader = new FrameReader(FRAME_MAX)
  let count = 0
  const stop = (): void => {
    count++
    reader.stop()
  }
  reader.push(concat(framed(Uint8Array.of(1)), framed(Uint8Array.of(2))), stop)
  reader.push(framed(Uint8Array.of(3)), stop)
  assert.equal(count, 1)
})
