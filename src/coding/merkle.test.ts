/** RFC 6962's tree, and proofs that show the fragment and the data root at once and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { present } from '../base/assert.ts'
import { concat, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Code } from '../ports/coder.ts'
import { HASH_BYTES } from '../ports/primitives.ts'
import { leafHash, MerkleTree, PROOF_BYTES_MAX, proofBytes, verifyProof } from './merkle.ts'

const primitives = new NodePrimitives()

const codes = fc
  .tuple(fc.constantFrom(1, 2, 4, 8, 16, 32, 64), fc.nat(255))
  .map(([needed, extra]): Code => ({ needed, total: Math.min(256, needed + extra) }))
const codesWithIndex = codes.chain((code) =>
  fc.record({ code: fc.constant(code), index: fc.nat({ max: code.total - 1 }) }),
)

/** Leaves that stand for fragments with their index as content. */
function leavesOf(count: number): Bytes[] {
  return Array.from({ length: count }, (_, i) => leafHash(primitives, Uint8Array.of(i)))
}

test('the tree is that of RFC 6962', () => {
  // Inputs and roots of the RFC's reference implementation: the first n of eight strings.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const leaves = inputs.map((hex) => leafHash(primitives, present(fromHex(hex), 'hex')))
  const roots: Readonly<Record<number, string>> = {
    1: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    3: 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    7: 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    8: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  }
  for (const [count, root] of Object.entries(roots)) {
    assert.equal(toHex(new MerkleTree(primitives, leaves.slice(0, Number(count))).root), root)
  }
})

test('every proof leads to the root and shows the root over the data', () => {
  fc.assert(
    fc.property(codesWithIndex, ({ code, index }) => {
      const leaves = leavesOf(code.total)
      const tree = new MerkleTree(primitives, leaves)
      const proof = tree.proof(code.needed, index)
      const leaf = present(leaves[index], 'a leaf')
      const shown = verifyProof(primitives, code, tree.root, { index, leaf, proof })
      const dataRoot = new MerkleTree(primitives, leaves.slice(0, code.needed)).root
      assert.deepEqual(shown, { ok: true, value: dataRoot })
    }),
  )
})

test('a proof has the one length that its place gives, within the bound', () => {
  const lengths = new Set<number>()
  for (const needed of [1, 8, 64]) {
    for (let total = needed; total <= 256; total++) {
      for (let index = 0; index < total; index++) lengths.add(proofBytes({ needed, total }, index))
    }
  }
  assert.equal(Math.max(...lengths), PROOF_BYTES_MAX)
})

test('parity beside a larger subtree carries what leads from the data root to it', () => {
  // Fragment 100 of 32/113 has the roots of [0, 32) and [32, 64) in place of [0, 64), then six siblings in [64, 113).
  assert.equal(proofBytes({ needed: 32, total: 113 }, 100), 8 * HASH_BYTES)
  // Fragment 4 of 2/5 stands alone beside [0, 4).
  const leaves = leavesOf(5)
  const proof = new MerkleTree(primitives, leaves).proof(2, 4)
  const [left, right] = [leaves.slice(0, 2), leaves.slice(2, 4)].map((pair) => new MerkleTree(primitives, pair).root)
  assert.deepEqual(proof, concat(present(left, 'left'), present(right, 'right')))
})

test('a proof that was changed anywhere, or is shown for another place, is refused', () => {
  fc.assert(
    fc.property(codesWithIndex, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ code, index }, at, flip) => {
      const leaves = leavesOf(code.total)
      const tree = new MerkleTree(primitives, leaves)
      const proof = tree.proof(code.needed, index)
      const leaf = present(leaves[index], 'a leaf')
      const elsewhere = (index + 1) % code.total
      if (elsewhere !== index) {
        assert.equal(verifyProof(primitives, code, tree.root, { index: elsewhere, leaf, proof }).ok, false)
      }
      if (proof.length === 0) return
      const changed = proof.slice()
      changed[at % proof.length] = (changed[at % proof.length] ?? 0) ^ flip
      assert.equal(verifyProof(primitives, code, tree.root, { index, leaf, proof: changed }).ok, false)
    }),
  )
})

test('an index outside the tree is refused, even with hashes that lead to the root', () => {
  const code = { needed: 2, total: 5 }
  const leaves = leavesOf(5)
  const tree = new MerkleTree(primitives, leaves)
  const dataRoot = new MerkleTree(primitives, leaves.slice(0, 2)).root
  const middle = new MerkleTree(primitives, leaves.slice(2, 4)).root
  const proof = concat(dataRoot, middle, present(leaves[4], 'a leaf'))
  for (const index of [5, 300, -1, 0.5, Number.NaN]) {
    assert.equal(verifyProof(primitives, code, tree.root, { index, leaf: new Uint8Array(32), proof }).ok, false)
  }
})

test('random bytes are no proof and never make the decoder throw', () => {
  const claim = fc.record({
    proof: fc.uint8Array({ maxLength: 600 }),
    leaf: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  fc.assert(
    fc.property(codesWithIndex, claim, ({ code, index }, { proof, leaf }) => {
      const root = new MerkleTree(primitives, leavesOf(code.total)).root
      const result = verifyProof(primitives, code, root, { index, leaf: new Uint8Array(leaf), proof })
      assert.equal(result.ok, false)
    }),
  )
})
