/**
 * Writes docs/format/vectors/stripe.json: small stripes with everything in between, for other implementations to compare
 * with. A test holds the file against what this code makes.
 */
import { concat, toHex, type Bytes } from '../src/base/bytes.ts'
import { POINTS } from '../src/coding/kernel/field.ts'
import { ReferenceKernel } from '../src/coding/kernel/reference.ts'
import { leafHash, MerkleTree } from '../src/coding/merkle.ts'
import { encodeHeader, encodeStripe, fragmentBytes } from '../src/coding/stripe.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import type { Code } from '../src/ports/coder.ts'
import { writeVectors } from './writeVectors.ts'

/** Replication, padding within and of whole fragments, an empty segment, a last coset cut short, and a deep data root. */
const CASES: readonly (Code & { readonly plainBytes: number })[] = [
  { needed: 1, total: 1, plainBytes: 3 },
  { needed: 1, total: 6, plainBytes: 20 },
  { needed: 2, total: 3, plainBytes: 0 },
  { needed: 2, total: 7, plainBytes: 17 },
  { needed: 4, total: 13, plainBytes: 30 },
  { needed: 8, total: 20, plainBytes: 5 },
  { needed: 16, total: 44, plainBytes: 64 },
  { needed: 64, total: 193, plainBytes: 200 },
]

/** Bytes as lower-case hexadecimal digits. */
export interface StripeVector extends Code {
  readonly key: string
  readonly plain: string
  readonly enciphered: string
  readonly fragmentBytes: number
  readonly fragments: readonly string[]
  readonly leafHashes: readonly string[]
  readonly merkleRoot: string
  readonly dataRoot: string
  readonly header: string
  readonly stripeId: string
  readonly proofs: readonly string[]
}

export interface StripeVectors {
  /** All 256 evaluation points in order. */
  readonly points: string
  readonly stripes: readonly StripeVector[]
}

/** The vectors as this code makes them. */
export function stripeVectors(): StripeVectors {
  return { points: toHex(POINTS), stripes: CASES.map(stripeVector) }
}

function stripeVector({ needed, total, plainBytes }: Code & { readonly plainBytes: number }): StripeVector {
  const primitives = new NodePrimitives()
  const key = pattern(32, needed)
  const plain = pattern(plainBytes, total)
  const { id, header, fragments, proofs } = encodeStripe(new ReferenceKernel(), primitives, {
    key,
    plain,
    code: { needed, total },
  })
  const leaves = fragments.map((fragment) => leafHash(primitives, fragment))
  return {
    needed,
    total,
    key: toHex(key),
    plain: toHex(plain),
    enciphered: toHex(concat(...fragments.slice(0, needed)).subarray(0, plainBytes)),
    fragmentBytes: fragmentBytes(header),
    fragments: fragments.map(toHex),
    leafHashes: leaves.map(toHex),
    merkleRoot: toHex(header.merkleRoot),
    dataRoot: toHex(new MerkleTree(primitives, leaves.slice(0, needed)).root),
    header: toHex(encodeHeader(header)),
    stripeId: id,
    proofs: proofs.map(toHex),
  }
}

function pattern(length: number, start: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => start + 37 * i)
}

if (import.meta.main) await writeVectors('stripe.json', stripeVectors())
