/** Receipts bind holder, sender, stripe, fragments and expiry: any change of any of them is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId, StripeId } from '../base/id.ts'
import { solvedId, type PuzzledNetwork } from '../crypto/idPuzzle.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { signerOf } from '../crypto/signer.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { KeyedPrimitives } from '../sim/keyedPrimitives.ts'
import { isReceiptValid, receiptMessage, type Receipt } from './receipt.ts'

const primitives = new NodePrimitives()
const deps = { primitives, ids: new NodeIds(primitives) }
const holder = signerOf(primitives, new Uint8Array(32).fill(1))
const other = signerOf(primitives, new Uint8Array(32).fill(2))
const terms = { stripe: 'a'.repeat(64) as StripeId, sender: 'b'.repeat(64) as NodeId, indices: [3, 200, 7] }
const expiresMs = 1_900_000_000_123
const receipt: Receipt = {
  publicKey: holder.publicKey,
  expiresMs,
  signature: holder.sign(receiptMessage({ ...terms, expiresMs })),
}

test('a receipt holds for exactly what was signed, by exactly who signed it', async () => {
  assert.ok(await isReceiptValid(deps, receipt, holder.id, terms))
  assert.ok(!(await isReceiptValid(deps, receipt, other.id, terms)))
  assert.ok(!(await isReceiptValid(deps, { ...receipt, publicKey: other.publicKey }, holder.id, terms)))
  assert.ok(!(await isReceiptValid(deps, { ...receipt, publicKey: other.publicKey }, other.id, terms)))
  const others = [
    { stripe: 'c'.repeat(64) as StripeId },
    { sender: holder.id },
    { indices: [3, 200] },
    { indices: [3, 200, 7, 8] },
    { indices: [3, 7, 200] },
    { indices: [] },
  ]
  for (const change of others) assert.ok(!(await isReceiptValid(deps, receipt, holder.id, { ...terms, ...change })))
})

test('neither the expiry nor any bit of the signature can be changed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 511 }),
      fc.integer({ min: 0, max: 47 }),
      async (signatureBit, timeBit) => {
        const signature = receipt.signature.slice()
        signature[signatureBit >> 3] = (signature[signatureBit >> 3] as number) ^ (1 << (signatureBit & 7))
        assert.ok(!(await isReceiptValid(deps, { ...receipt, signature }, holder.id, terms)))
        const isSet = Math.floor(expiresMs / 2 ** timeBit) % 2 === 1
        const changedMs = expiresMs + (isSet ? -1 : 1) * 2 ** timeBit
        assert.ok(!(await isReceiptValid(deps, { ...receipt, expiresMs: changedMs }, holder.id, terms)))
      },
    ),
  )
})

test('where ids cost a puzzle the holder’s id must be the key’s under it, and one seen on a connection costs no run', async () => {
  const memoryHard = new KeyedPrimitives(primitives)
  let runs = 0
  const puzzled: PuzzledNetwork = {
    network: 'test',
    puzzle: { memoryKib: 64, passes: 1, difficultyBits: 0 },
    memoryHard: {
      argon2id: (input) => {
        runs++
        return memoryHard.argon2id(input)
      },
    },
  }
  const ids = new NodeIds(primitives, puzzled)
  const id = (await solvedId(primitives, puzzled, holder.publicKey)) ?? assert.fail('every key solves this puzzle')
  await ids.judge(holder.publicKey, 'stranger')
  runs = 0
  assert.ok(await isReceiptValid({ primitives, ids }, receipt, id, terms))
  assert.ok(!(await isReceiptValid({ primitives, ids }, receipt, holder.id, terms)))
  const signature = other.sign(receiptMessage({ ...terms, expiresMs }))
  assert.ok(
    !(await isReceiptValid({ primitives, ids }, { publicKey: other.publicKey, expiresMs, signature }, id, terms)),
  )
  assert.equal(runs, 0)
})
