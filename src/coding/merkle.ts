/**
 * The Merkle tree over a stripe's fragments, shaped as in RFC 6962, section 2.1: a leaf is SHA-256(0x00 || fragment), a
 * node SHA-256(0x01 || left || right), and n leaves are split at the largest power of two below n. Because `needed` is a
 * power of two, the data fragments are the leaves of one complete subtree; its root is the *data root*.
 *
 * A proof ties two things to the root at once, a fragment and the data root, so that whoever has verified any fragment
 * knows what the decoded data must hash to. It is the roots of the largest subtrees that hold neither the fragment nor more
 * than the data subtree, from left to right. For a data fragment that is RFC 6962's audit path, ordered by place.
 */
import { assert, present } from '../base/assert.ts'
import { concat, equal, type Bytes } from '../base/bytes.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Code } from '../ports/coder.ts'
import { HASH_BYTES, type Primitives } from '../ports/primitives.ts'
import { TOTAL_MAX } from './limits.ts'

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/** Eight hashes from leaf to root, and seven more where the data subtree is a single leaf deep in its left half. */
export const PROOF_BYTES_MAX = 15 * HASH_BYTES

export function leafHash(primitives: Primitives, fragment: Uint8Array): Bytes {
  return primitives.hash(LEAF_PREFIX, fragment)
}

/** Hashes of all subtrees, each computed once and when first asked for. */
export class MerkleTree {
  private readonly primitives: Primitives
  private readonly leaves: readonly Bytes[]
  private readonly hashes = new Map<number, Bytes>()

  /** `leaves` are leaf hashes, 1 .. 256 of them. */
  constructor(primitives: Primitives, leaves: readonly Bytes[]) {
    assert(leaves.length >= 1 && leaves.length <= TOTAL_MAX, 'a tree has 1 .. 256 leaves')
    this.primitives = primitives
    this.leaves = leaves
  }

  get root(): Bytes {
    return this.subtreeRoot({ start: 0, end: this.leaves.length })
  }

  /** The proof of leaf `index` when the first `needed` leaves are data. */
  proof(needed: number, index: number): Bytes {
    const siblings = siblingsOf({ needed, total: this.leaves.length }, index)
    return concat(...siblings.map((range) => this.subtreeRoot(range)))
  }

  private subtreeRoot(range: Range): Bytes {
    if (isLeaf(range)) return present(this.leaves[range.start], 'a leaf of this tree')
    const place = range.start * (TOTAL_MAX + 1) + range.end
    const known = this.hashes.get(place)
    if (known !== undefined) return known
    const [left, right] = halves(range)
    const hash = nodeHash(this.primitives, this.subtreeRoot(left), this.subtreeRoot(right))
    this.hashes.set(place, hash)
    return hash
  }
}

/** A fragment's place in its tree, as a stranger claims it. */
export interface ClaimedLeaf {
  readonly index: number
  /** The leaf hash of the fragment at hand. */
  readonly leaf: Bytes
  readonly proof: Uint8Array
}

/** The length in bytes of the only proofs there are for fragment `index`: at most {@link PROOF_BYTES_MAX}. */
export function proofBytes(code: Code, index: number): number {
  return siblingsOf(code, index).length * HASH_BYTES
}

/** The data root, when the proof leads to `root`. */
export function verifyProof(primitives: Primitives, code: Code, root: Uint8Array, claim: ClaimedLeaf): Result<Bytes> {
  const { index } = claim
  if (!Number.isInteger(index) || index < 0 || index >= code.total) return fail('an index outside the stripe')
  if (claim.proof.length !== proofBytes(code, index)) return fail('a proof of the wrong length')
  const roots = rootsOf(primitives, code, claim)
  return equal(roots.root, root) ? ok(roots.dataRoot) : fail('the proof does not lead to the root')
}

/** Both roots as a proof of the right length has them. */
function rootsOf(primitives: Primitives, code: Code, claim: ClaimedLeaf): { root: Bytes; dataRoot: Bytes } {
  let at = 0
  let dataRoot: Bytes | undefined
  const hashOf = (range: Range): Bytes => {
    if (!isOpened(code, claim.index, range)) return claim.proof.slice(at, (at += HASH_BYTES))
    if (isLeaf(range)) return claim.leaf
    const [left, right] = halves(range)
    return nodeHash(primitives, visit(left), visit(right))
  }
  const visit = (range: Range): Bytes => {
    const hash = hashOf(range)
    if (range.start === 0 && range.end === code.needed) dataRoot = hash
    return hash
  }
  const root = visit({ start: 0, end: code.total })
  return { root, dataRoot: present(dataRoot, 'every proof passes the data subtree') }
}

/** Leaves start .. end - 1. */
interface Range {
  readonly start: number
  readonly end: number
}

/** The subtrees whose roots a proof of leaf `index` consists of, from left to right. */
function siblingsOf(code: Code, index: number): Range[] {
  const siblings: Range[] = []
  const visit = (range: Range): void => {
    if (!isOpened(code, index, range)) siblings.push(range)
    else if (!isLeaf(range)) halves(range).forEach(visit)
  }
  visit({ start: 0, end: code.total })
  return siblings
}

/** True for the subtrees that hold leaf `index` and for those that hold the data subtree and more. */
function isOpened({ needed }: Code, index: number, { start, end }: Range): boolean {
  return (start <= index && index < end) || (start === 0 && end > needed)
}

function isLeaf({ start, end }: Range): boolean {
  return end - start === 1
}

function halves({ start, end }: Range): readonly [Range, Range] {
  const middle = start + 2 ** (31 - Math.clz32(end - start - 1))
  return [
    { start, end: middle },
    { start: middle, end },
  ]
}

function nodeHash(primitives: Primitives, left: Uint8Array, right: Uint8Array): Bytes {
  return primitives.hash(NODE_PREFIX, left, right)
}
