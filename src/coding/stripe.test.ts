/** Stripes from segment to fragments and back, what proves a fragment, what gives a dishonest encoder away, and the vectors. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { stripeVectors, type StripeVectors } from '../../scripts/stripeVectors.ts'
import { present } from '../base/assert.ts'
import { toHex, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import { MIB } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Code, DecodeJob, EncodedStripe, StripeHeader } from '../ports/coder.ts'
import { InlineCoder } from './inlineCoder.ts'
import { Kernel } from './kernel/kernel.ts'
import { leafHash, MerkleTree } from './merkle.ts'
import {
  decodeHeader,
  decodeStripe,
  encodeHeader,
  encodeStripe,
  fragmentBytes,
  HEADER_BYTES,
  rebuildStripe,
  stripeId,
  verifyFragment,
  type ProvableFragment,
} from './stripe.ts'

const primitives = new NodePrimitives()
const kernel = new Kernel()
const key = Uint8Array.from({ length: 32 }, (_, i) => i)

const codes = fc
  .tuple(fc.constantFrom(1, 2, 4, 8, 16, 32, 64), fc.nat(255))
  .map(([needed, extra]): Code => ({ needed, total: Math.min(256, needed + extra) }))
const headers: fc.Arbitrary<StripeHeader> = fc
  .record({
    code: codes,
    segmentBytes: fc.nat({ max: 16 * MIB }),
    merkleRoot: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ code, segmentBytes, merkleRoot }) => ({ ...code, segmentBytes, merkleRoot: new Uint8Array(merkleRoot) }))
const plains = fc.uint8Array({ maxLength: 700 }).map((bytes) => new Uint8Array(bytes))

function encode(plain: Bytes, code: Code): EncodedStripe {
  return encodeStripe(kernel, primitives, { plain, key, code })
}

function provable(stripe: EncodedStripe, index: number): ProvableFragment {
  const data = present(stripe.fragments[index], 'a fragment')
  return { header: stripe.header, index, proof: present(stripe.proofs[index], 'its proof'), data }
}

/** A job as a reader comes to it: fragments in any order, each verified, the data root as their proofs show it. */
function jobOf(stripe: EncodedStripe, indices: readonly number[]): DecodeJob {
  const fragments = indices.map((index) => provable(stripe, index))
  const [dataRoot, ...others] = fragments.map((fragment) => {
    const verified = verifyFragment(primitives, stripe.id, fragment)
    assert.ok(verified.ok)
    return verified.value.dataRoot
  })
  for (const other of others) assert.deepEqual(other, dataRoot)
  return { header: stripe.header, fragments, dataRoot: present(dataRoot, 'at least one fragment') }
}

const stripesToRead = fc.record({ code: codes, plain: plains }).chain(({ code, plain }) =>
  fc.record({
    code: fc.constant(code),
    plain: fc.constant(plain),
    indices: fc.shuffledSubarray(
      Array.from({ length: code.total }, (_, i) => i),
      { minLength: code.needed, maxLength: code.needed },
    ),
  }),
)

test('any needed fragments give the segment and the whole stripe again', () => {
  fc.assert(
    fc.property(stripesToRead, ({ code, plain, indices }) => {
      const stripe = encode(plain, code)
      const job = jobOf(stripe, indices)
      assert.deepEqual(primitives.cipher(key, 0, decodeStripe(kernel, primitives, job)), plain)
      assert.deepEqual(rebuildStripe(kernel, primitives, job), stripe)
    }),
    { numRuns: 60 },
  )
})

test('the coder port reads back what it wrote, from parity alone', async () => {
  const coder = new InlineCoder(primitives)
  const plain = Uint8Array.from({ length: 5000 }, (_, i) => i * i)
  const stripe = await coder.encode({ plain, key, code: { needed: 2, total: 5 } })
  const job = jobOf(stripe, [4, 2])
  assert.deepEqual(primitives.cipher(key, 0, await coder.decode(job)), plain)
  assert.deepEqual(await coder.rebuild(job), stripe)
})

test('the first fragments are the enciphered segment and hold nothing in clear', () => {
  const plain = new Uint8Array(64).fill(65)
  const { fragments } = encode(plain, { needed: 4, total: 6 })
  assert.equal(fragments.slice(0, 4).map(toHex).join(''), toHex(primitives.cipher(key, 0, plain)))
})

test('an empty segment makes a stripe like any other', () => {
  for (const code of [
    { needed: 1, total: 4 },
    { needed: 8, total: 20 },
  ]) {
    const stripe = encode(new Uint8Array(0), code)
    assert.ok(stripe.fragments.every(({ length }) => length === 1))
    const last = Array.from({ length: code.needed }, (_, i) => code.total - 1 - i)
    assert.equal(decodeStripe(kernel, primitives, jobOf(stripe, last)).length, 0)
  }
})

test('a header has one encoding, and what decodes encodes to the same bytes', () => {
  fc.assert(
    fc.property(headers, (header) => {
      assert.deepEqual(decodeHeader(encodeHeader(header)), { ok: true, value: header })
    }),
  )
})

test('random bytes and changed headers either are refused or are the one encoding of another header', () => {
  const random = fc.uint8Array({ maxLength: 2 * HEADER_BYTES })
  const changed = fc
    .tuple(headers, fc.nat({ max: 7 }), fc.nat({ max: 255 }))
    .map(([header, at, value]) => encodeHeader(header).with(at, value))
  fc.assert(
    fc.property(fc.oneof(random, changed), (bytes) => {
      const decoded = decodeHeader(bytes)
      if (decoded.ok) assert.deepEqual(encodeHeader(decoded.value), new Uint8Array(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('headers out of bounds are refused', () => {
  const root = new Uint8Array(32)
  const refused = [
    { version: 0, needed: 1, total: 1, segmentBytes: 0 },
    { version: 2, needed: 1, total: 1, segmentBytes: 0 },
    { version: 1, needed: 0, total: 1, segmentBytes: 0 },
    { version: 1, needed: 3, total: 9, segmentBytes: 0 },
    { version: 1, needed: 128, total: 256, segmentBytes: 0 },
    { version: 1, needed: 4, total: 3, segmentBytes: 0 },
    { version: 1, needed: 4, total: 257, segmentBytes: 0 },
    { version: 1, needed: 4, total: 8, segmentBytes: 16 * MIB + 1 },
  ]
  for (const { version, needed, total, segmentBytes } of refused) {
    const bytes = new Uint8Array([version, needed, total >> 8, total & 255, 0, 0, 0, 0, ...root])
    new DataView(bytes.buffer).setUint32(4, segmentBytes)
    assert.equal(decodeHeader(bytes).ok, false, `${version} ${needed} ${total} ${segmentBytes}`)
  }
})

test('the id commits to every value of the header', () => {
  const header = { needed: 2, total: 5, segmentBytes: 9, merkleRoot: new Uint8Array(32) }
  const ids = [
    header,
    { ...header, needed: 4 },
    { ...header, total: 6 },
    { ...header, segmentBytes: 10 },
    { ...header, merkleRoot: new Uint8Array(32).fill(1) },
  ].map((each) => stripeId(primitives, each))
  assert.equal(new Set(ids).size, ids.length)
})

test('a fragment with anything changed is refused', () => {
  const stripe = encode(new Uint8Array(100).fill(7), { needed: 4, total: 11 })
  const other = encode(new Uint8Array(100).fill(8), { needed: 4, total: 11 })
  for (let index = 0; index < 11; index++) {
    const honest = provable(stripe, index)
    const changes: readonly Partial<ProvableFragment>[] = [
      { header: other.header },
      { header: { ...honest.header, segmentBytes: 99 } },
      { header: { ...honest.header, needed: 5 } },
      { header: { ...honest.header, merkleRoot: new Uint8Array(31) } },
      { index: (index + 1) % 11 },
      { index: index + 11 },
      { index: -1 },
      { index: index + 0.5 },
      { index: Number.NaN },
      { data: honest.data.slice(1) },
      { data: Uint8Array.from([...honest.data, 0]) },
      { data: Uint8Array.from(honest.data).with(0, (honest.data[0] ?? 0) ^ 1) },
      { proof: honest.proof.slice(32) },
      { proof: Uint8Array.from([...honest.proof, ...new Uint8Array(32)]) },
      { proof: Uint8Array.from(honest.proof).with(3, (honest.proof[3] ?? 0) ^ 128) },
    ]
    assert.ok(verifyFragment(primitives, stripe.id, honest).ok)
    for (const change of changes) {
      assert.equal(verifyFragment(primitives, stripe.id, { ...honest, ...change }).ok, false, JSON.stringify(change))
    }
    assert.equal(verifyFragment(primitives, other.id, honest).ok, false)
  }
})

/** A stripe whose fragments all lead to its root, but fragment `index` is not what the code makes of the data. */
function dishonestStripe(index: number, fragment: Bytes): EncodedStripe {
  const honest = encode(new Uint8Array(80).fill(3), { needed: 4, total: 9 })
  const fragments = honest.fragments.with(index, fragment)
  const leaves = fragments.map((each) => leafHash(primitives, each))
  const tree = new MerkleTree(primitives, leaves)
  const header = { ...honest.header, merkleRoot: tree.root }
  const proofs = fragments.map((_, i) => tree.proof(4, i))
  return { id: stripeId(primitives, header), header, fragments, proofs }
}

test('a fragment of another length is refused, even where its encoder committed to it', () => {
  for (const length of [0, 19, 21]) {
    const stripe = dishonestStripe(6, new Uint8Array(length))
    assert.equal(verifyFragment(primitives, stripe.id, provable(stripe, 6)).ok, false)
    assert.equal(verifyFragment(primitives, stripe.id, provable(stripe, 5)).ok, true)
  }
})

test('parity that contradicts the data is damaged to every reader that used it', () => {
  const damaged = (error: unknown) => isFailure(error, 'damaged')
  const stripe = dishonestStripe(6, new Uint8Array(20))
  assert.throws(() => decodeStripe(kernel, primitives, jobOf(stripe, [0, 1, 2, 6])), damaged)
  assert.throws(() => rebuildStripe(kernel, primitives, jobOf(stripe, [0, 1, 2, 3])), damaged)
  const honestPart = decodeStripe(kernel, primitives, jobOf(stripe, [0, 1, 7, 8]))
  assert.deepEqual(honestPart, decodeStripe(kernel, primitives, jobOf(stripe, [3, 2, 1, 0])))
})

test('the published vectors are what this code makes', async () => {
  const published = JSON.parse(
    await readFile(new URL('../../docs/format/vectors/stripe.json', import.meta.url), 'utf8'),
  ) as StripeVectors
  assert.deepEqual(published, stripeVectors())
})

test('the vectors hold with the WASM kernel as with the plain one they were made by', () => {
  for (const vector of stripeVectors().stripes) {
    const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
    const job = { key: bytes(vector.key), plain: bytes(vector.plain), code: vector }
    const stripe = encodeStripe(kernel, primitives, job)
    assert.deepEqual(stripe.fragments.map(toHex), vector.fragments)
    assert.equal(stripe.id, vector.stripeId)
    assert.equal(fragmentBytes(stripe.header), vector.fragmentBytes)
  }
})
