/** Frames and messages: both ways without loss, one reading for each, and no bytes that make a decoder throw. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { printable, wireVectors, type WireVectors } from '../../scripts/wireVectors.ts'
import { concat, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Result } from '../base/result.ts'
import { packEnvelope, unpackEnvelope, type Envelope, type EnvelopeType } from './envelope.ts'
import { BODY_BYTES_MAX, HEAD_BYTES_MAX, REFUSAL_CHARS_MAX } from './limits.ts'
import { packRefusal, packReply, packRequest, unpackRefusal, unpackReply, unpackRequest } from './messageCodec.ts'
import { helloSchema, type MessageKind } from './messages.ts'
import { decodeAs, encodeAs } from './schema.ts'

const published = JSON.parse(
  await readFile(new URL('../../docs/format/vectors/wire.json', import.meta.url), 'utf8'),
) as WireVectors

function bytesOf(hex: string): Bytes {
  return fromHex(hex) as Bytes
}

/** Reads a frame as far as a node does, and packs it again from what was read. */
function again(frame: Uint8Array, kind: MessageKind | undefined): Result<{ value: unknown; frame: Uint8Array }> {
  const envelope = unpackEnvelope(frame)
  if (!envelope.ok) return envelope
  const { type, requestId } = envelope.value
  const read = readHead(envelope.value, kind)
  if (!read.ok) return read
  return {
    ok: true,
    value: {
      value: read.value.value,
      frame: concat(...packEnvelope(type, requestId, read.value.head, read.value.body)),
    },
  }
}

interface Read {
  readonly value: unknown
  readonly head: Uint8Array
  readonly body: readonly Uint8Array[]
}

function readHead({ type, head, body }: Envelope, kind: MessageKind | undefined): Result<Read> {
  switch (type) {
    case 'hello':
      return mapOk(decodeAs(helloSchema, head, HEAD_BYTES_MAX), (value) => ({
        value,
        head: encodeAs(helloSchema, value),
        body: [],
      }))
    case 'request':
      return mapOk(unpackRequest(head, body), (read) => ({
        value: read.request,
        ...packRequest(read.kind, read.request),
      }))
    case 'reply': {
      if (kind === undefined) return { ok: true, value: { value: undefined, head, body: [body] } }
      return mapOk(unpackReply(kind, head, body), (value) => ({ value, ...packReply(kind, value) }))
    }
    case 'refusal':
      return mapOk(unpackRefusal(head), (value) => ({ value, head: packRefusal(value), body: [] }))
    case 'cancel':
    case 'goodbye':
    case 'leave':
      return { ok: true, value: { value: undefined, head, body: [] } }
  }
}

function mapOk<T, U>(result: Result<T>, map: (value: T) => U): Result<U> {
  return result.ok ? { ok: true, value: map(result.value) } : result
}

test('the published vectors are what this code makes', () => {
  assert.deepEqual(published, JSON.parse(JSON.stringify(wireVectors())))
})

test('every published frame reads as what it says and packs to the same bytes', () => {
  for (const { type, requestId, message, value, frame } of published.frames) {
    const envelope = unpackEnvelope(bytesOf(frame))
    assert.ok(envelope.ok)
    assert.deepEqual([envelope.value.type, envelope.value.requestId], [type, requestId])
    const read = again(bytesOf(frame), message?.kind)
    assert.ok(read.ok)
    assert.deepEqual(printable(read.value.value), value ?? null)
    assert.equal(toHex(read.value.frame), frame)
  }
})

test('every frame published as refused is refused', () => {
  for (const { why, frame } of published.refused) assert.equal(again(bytesOf(frame), 'ping').ok, false, why)
})

test('a frame changed anywhere is refused or packs to the same bytes, and nothing throws', () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat(255), how: fc.constantFrom('set', 'insert', 'remove') })
  const anyFrame = fc.constantFrom(...published.frames)
  fc.assert(
    fc.property(anyFrame, fc.array(change, { minLength: 1, maxLength: 3 }), (original, changes) => {
      const bytes = [...bytesOf(original.frame)]
      for (const { at, to, how } of changes) {
        const inserted = how === 'remove' ? [] : [to]
        bytes.splice(at % bytes.length, how === 'insert' ? 0 : 1, ...inserted)
      }
      const frame = Uint8Array.from(bytes)
      const read = again(frame, original.message?.kind)
      if (read.ok) assert.equal(toHex(read.value.frame), toHex(frame))
    }),
    { numRuns: 5000 },
  )
})

test('random frames, with a proper beginning or without, never throw', () => {
  const begun = fc.tuple(fc.nat(9), fc.nat(3), fc.uint8Array({ maxLength: 60 })).map(([type, id, rest]) => {
    const length = rest.length === 0 ? 0 : (rest[0] ?? 0) % (rest.length + 1)
    return concat(Uint8Array.of(type, 0, 0, 0, id, 0, 0, 0, length), rest)
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), begun), fc.constantFrom('find', 'fetch'), (frame, kind) => {
      const read = again(frame, kind)
      if (read.ok) assert.equal(toHex(read.value.frame), toHex(frame))
    }),
    { numRuns: 5000 },
  )
})

test('a body comes back in the parts it was sent in, empty ones and the largest included', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 256 })
  const bodies = fc.oneof({ weight: 20, arbitrary: parts }, fc.constant([new Uint8Array(BODY_BYTES_MAX).fill(7)]))
  fc.assert(
    fc.property(bodies, (body) => {
      const { head } = packReply('fetch', { header: undefined, fragments: [], body })
      const reply = unpackReply('fetch', head, concat(...body))
      assert.ok(reply.ok)
      assert.deepEqual(reply.value.body?.map(toHex), body.map(toHex))
    }),
  )
})

test('a body one byte off, or in more parts than allowed, is refused', () => {
  const { head, body } = packReply('fetch', { header: undefined, fragments: [], body: [new Uint8Array(9)] })
  const whole = concat(...body)
  assert.ok(unpackReply('fetch', head, whole).ok)
  assert.ok(!unpackReply('fetch', head, whole.subarray(1)).ok)
  assert.ok(!unpackReply('fetch', head, concat(whole, Uint8Array.of(0))).ok)
  const many = packReply('fetch', { header: undefined, fragments: [], body: new Array(257).fill(new Uint8Array(0)) })
  assert.ok(!unpackReply('fetch', many.head, new Uint8Array(0)).ok)
})

test('what a frame may hold is bounded, and its type says whether it holds anything', () => {
  const frame = (type: EnvelopeType, headBytes: number, bodyBytes: number): Bytes => {
    const bytes = new Uint8Array(9 + headBytes + bodyBytes)
    bytes.set(packEnvelope(type, type === 'hello' ? 0 : 1)[0] ?? [])
    new DataView(bytes.buffer).setUint32(5, headBytes)
    return bytes
  }
  assert.ok(unpackEnvelope(frame('request', HEAD_BYTES_MAX, BODY_BYTES_MAX)).ok)
  assert.ok(!unpackEnvelope(frame('request', HEAD_BYTES_MAX + 1, 0)).ok)
  assert.ok(!unpackEnvelope(frame('request', 1, BODY_BYTES_MAX + 1)).ok)
  assert.ok(!unpackEnvelope(frame('hello', 1, 1)).ok)
  assert.ok(!unpackEnvelope(frame('refusal', 1, 1)).ok)
  assert.ok(!unpackEnvelope(frame('cancel', 1, 0)).ok)
  assert.throws(() => packEnvelope('reply', 1, new Uint8Array(HEAD_BYTES_MAX + 1)), /within bounds/)
  assert.throws(() => packEnvelope('request', 0), /within bounds/)
})

test('the longest messages fit their heads', () => {
  const place = { index: 255, proof: new Uint8Array(480) }
  const fragments = new Array<typeof place>(256).fill(place)
  const body = new Array<Bytes>(256).fill(new Uint8Array(4096))
  const header = new Uint8Array(64)
  const store = packRequest('store', {
    header,
    region: 15,
    fragments,
    leaseMs: 2 ** 48,
    owner: new Uint8Array(32),
    body,
  })
  const id = 'f'.repeat(64) as never
  const addresses = new Array<string>(6).fill('é'.repeat(255))
  const found = packReply('find', { contacts: new Array(32).fill({ id, addresses }) })
  const held = packReply('have', { holdings: new Array(64).fill({ header, indices: new Uint8Array(256) }) })
  for (const { head } of [store, found, held]) assert.ok(head.length <= HEAD_BYTES_MAX, `${head.length}`)
})

test('a refusal keeps its code and as much of its words as fits', () => {
  const words = `${'x'.repeat(REFUSAL_CHARS_MAX - 1)}😀`
  const refusal = unpackRefusal(packRefusal(new Failure('busy', words)))
  assert.ok(refusal.ok)
  assert.equal(refusal.value.code, 'busy')
  assert.equal(refusal.value.message, `${'x'.repeat(REFUSAL_CHARS_MAX - 1)}\u{fffd}`)
  assert.ok(!unpackRefusal(packRefusal({ code: 'whatever' as never, message: '' })).ok)
})
