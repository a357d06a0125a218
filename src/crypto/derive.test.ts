/** Ids and keys that are computed: known values, and no two purposes that meet in one. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts'
import { idBytes, parseId, type StripeId } from '../base/id.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import {
  listKey,
  nodeIdOf,
  objectKeys,
  regionPoint,
  releaseSeed,
  rootContentKey,
  rootKey,
  segmentKey,
} from './derive.ts'
import { signerOf } from './signer.ts'

const primitives = new NodePrimitives()
const secret = new Uint8Array(32).fill(7)
const stripe = parseId<StripeId>(new Uint8Array(32).fill(9))!

test('a node’s id is the hash of its public key', () => {
  // RFC 8032, section 7.1, test 1.
  const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60') as Bytes
  const publicKey = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a') as Bytes
  const signer = signerOf(primitives, seed)
  assert.deepEqual(signer.publicKey, publicKey)
  assert.equal(signer.id, createHash('sha256').update(publicKey).digest('hex'))
  assert.equal(nodeIdOf(primitives, publicKey), signer.id)
  assert.ok(primitives.verify(publicKey, utf8('x'), signer.sign(utf8('x'))))
})

test('a region’s point is the hash of its label, the stripe and the region', () => {
  const hashed = createHash('sha256').update('mainframe/region/1\0').update(idBytes(stripe)).update(Uint8Array.of(3))
  assert.equal(regionPoint(primitives, stripe, 3), hashed.digest('hex'))
  assert.throws(() => regionPoint(primitives, stripe, 256), /one byte/)
})

test('no two purposes, segments, levels, positions or regions share a value', () => {
  const { readKey, verifyKey } = objectKeys(primitives, secret)
  const values: string[] = [toHex(secret), toHex(readKey), toHex(verifyKey)]
  for (const key of [secret, readKey, verifyKey]) {
    for (let at = 0; at < 12; at++) values.push(toHex(segmentKey(primitives, key, at)))
    for (let level = 0; level < 4; level++) {
      for (let at = 0; at < 12; at++) values.push(toHex(listKey(primitives, key, level, at)))
    }
    values.push(toHex(rootKey(primitives, key)), toHex(rootContentKey(primitives, key)))
    for (const other of [secret, readKey, verifyKey]) values.push(toHex(releaseSeed(primitives, key, other)))
  }
  for (let region = 0; region < 256; region++) values.push(regionPoint(primitives, stripe, region))
  assert.equal(new Set(values).size, values.length)
})
