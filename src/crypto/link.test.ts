/** Links: what is printed is read, what is garbled is not, and the weaker link follows from the stronger one. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { linkVectors, type LinkVectors } from '../../scripts/linkVectors.ts'
import { fromBase32, toBase32 } from '../base/base32.ts'
import { concat, type Bytes } from '../base/bytes.ts'
import { parseId, type StripeId } from '../base/id.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { objectKeys } from './derive.ts'
import { parseLink, printLink, toVerify, type Capability } from './link.ts'

const primitives = new NodePrimitives()

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }) as fc.Arbitrary<Bytes>
const capability: fc.Arbitrary<Capability> = fc.record(
  {
    what: fc.constantFrom('object', 'directory'),
    right: fc.constantFrom('read', 'verify'),
    root: bytes32.map((bytes) => parseId<StripeId>(bytes)!),
    key: bytes32,
  },
  { noNullPrototype: true },
)
const example: Capability = {
  what: 'object',
  right: 'read',
  root: parseId<StripeId>(new Uint8Array(32).fill(1))!,
  key: new Uint8Array(32).fill(2),
}

test('a printed link reads as what it was, in small letters and in capitals', () => {
  fc.assert(
    fc.property(capability, (original) => {
      const link = printLink(primitives, original)
      for (const text of [link, link.toUpperCase()]) {
        const parsed = parseLink(primitives, text)
        assert.ok(parsed.ok)
        assert.deepEqual(parsed.value, original)
      }
    }),
  )
})

test('a link with any one character changed, left out or added is refused', () => {
  const link = printLink(primitives, example)
  for (let at = 0; at < link.length; at++) {
    for (const char of ['a', 'q', '7', '1', ' ', ':', '-', 'é', '\u212a', '']) {
      const changed = link.slice(0, at) + char + link.slice(at + 1)
      if (changed !== link) assert.equal(parseLink(primitives, changed).ok, false, changed)
    }
    assert.equal(parseLink(primitives, `${link.slice(0, at)}a${link.slice(at)}`).ok, false)
  }
})

test('any text is a link or is refused with words, never an exception', () => {
  const link = printLink(primitives, example)
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `mf:${text}`),
    fc.constant(link + link),
  )
  fc.assert(fc.property(texts, (text) => assert.equal(parseLink(primitives, text).ok, false)))
})

test('a whole link of an unknown kind says so', () => {
  const bytes = fromBase32(printLink(primitives, example).slice(3)) as Bytes
  const body = concat(Uint8Array.of(0x7f), bytes.subarray(1, 65))
  const label = new TextEncoder().encode('mainframe/link/1\0')
  const link = `mf:${toBase32(concat(body, primitives.hash(label, body).subarray(0, 4)))}`
  const parsed = parseLink(primitives, link)
  assert.ok(!parsed.ok && parsed.error.includes('kind'))
})

test('who holds a read link can give the verify link, which is no way back and gives itself', () => {
  fc.assert(
    fc.property(capability, (original) => {
      const weaker = toVerify(primitives, original)
      assert.deepEqual([weaker.right, weaker.what, weaker.root], ['verify', original.what, original.root])
      assert.deepEqual(toVerify(primitives, weaker), weaker)
      const derived = original.right === 'read' ? objectKeys(primitives, original.key).verifyKey : original.key
      assert.deepEqual(weaker.key, derived)
    }),
  )
})

test('the published vectors are what this code makes', async () => {
  const url = new URL('../../docs/format/vectors/link.json', import.meta.url)
  const published = JSON.parse(await readFile(url, 'utf8')) as LinkVectors
  assert.deepEqual(published, linkVectors())
  for (const { link } of published.links) assert.ok(parseLink(primitives, link).ok)
  for (const { link } of published.refused) assert.ok(!parseLink(primitives, link).ok, link)
})
