/**
 * Stripes: a segment enciphered, coded into fragments and hashed into one name, and back. The header is what a stripe's id
 * commits to; with it and its proof a fragment proves itself to anyone. Byte by byte in docs/format/stripe.md.
 */
import { assert, present } from '../base/assert.ts'
import { equal, readU32, utf8, writeU32, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { parseId, type StripeId } from '../base/id.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Code, DecodeJob, EncodedStripe, EncodeJob, IndexedFragment, StripeHeader } from '../ports/coder.ts'
import { HASH_BYTES, type Primitives } from '../ports/primitives.ts'
import type { ErasureKernel } from './kernel/erasureKernel.ts'
import { isNeeded, SEGMENT_BYTES_MAX, TOTAL_MAX } from './limits.ts'
import { leafHash, MerkleTree, verifyProof } from './merkle.ts'

const CODEC_VERSION = 1
const STRIPE_LABEL = utf8('mainframe/stripe/1\0')
/** Version, needed, total (2 bytes), segment bytes (4), Merkle root. */
export const HEADER_BYTES = 8 + HASH_BYTES

/** The length of each fragment: the segment shared out among the data fragments, and one byte when it is empty. */
export function fragmentBytes({ needed, segmentBytes }: Pick<StripeHeader, 'needed' | 'segmentBytes'>): number {
  return Math.max(1, Math.ceil(segmentBytes / needed))
}

/** The one encoding of a header: {@link HEADER_BYTES} bytes. */
export function encodeHeader(header: StripeHeader): Bytes {
  assert(flawOf(header) === undefined, 'only headers within bounds are encoded')
  const bytes = new Uint8Array(HEADER_BYTES)
  bytes[0] = CODEC_VERSION
  bytes[1] = header.needed
  bytes[2] = header.total >> 8
  bytes[3] = header.total
  writeU32(bytes, 4, header.segmentBytes)
  bytes.set(header.merkleRoot, 8)
  return bytes
}

export function decodeHeader(bytes: Uint8Array): Result<StripeHeader> {
  if (bytes.length !== HEADER_BYTES) return fail('a stripe header of the wrong length')
  const [version = 0, needed = 0, high = 0, low = 0] = bytes
  if (version !== CODEC_VERSION) return fail(`codec version ${String(version)} is not known here`)
  const header = { needed, total: (high << 8) | low, segmentBytes: readU32(bytes, 4), merkleRoot: bytes.slice(8) }
  const flaw = flawOf(header)
  return flaw === undefined ? ok(header) : fail(flaw)
}

/** SHA-256 over a label and the encoded header. */
export function stripeId(primitives: Primitives, header: StripeHeader): StripeId {
  return present(parseId<StripeId>(primitives.hash(STRIPE_LABEL, encodeHeader(header))), 'SHA-256 has 32 bytes')
}

/**
 * Enciphers and codes a segment. The data fragments are views of the enciphered segment, the others of one buffer; with
 * `needed` 1 all fragments are one and the same view.
 */
export function encodeStripe(kernel: ErasureKernel, primitives: Primitives, job: EncodeJob): EncodedStripe {
  const { needed, total } = job.code
  assert(isNeeded(needed) && total >= needed && total <= TOTAL_MAX, 'a code within bounds')
  assert(job.plain.length <= SEGMENT_BYTES_MAX, 'a segment has at most 16 MiB')
  const enciphered = primitives.cipher(job.key, 0, job.plain)
  const data = dataFragments(enciphered, needed)
  return completeStripe(kernel, primitives, data, { total, segmentBytes: enciphered.length })
}

/** A fragment as it travels, with what ties it to a stripe. */
export interface ProvableFragment extends IndexedFragment {
  readonly header: StripeHeader
  readonly proof: Uint8Array
}

/** Whether a stranger's fragment belongs to stripe `id`, and then the data root of the stripe. Nothing is taken on trust. */
export function verifyFragment(
  primitives: Primitives,
  id: StripeId,
  { header, index, proof, data }: ProvableFragment,
): Result<{ readonly dataRoot: Bytes }> {
  const flaw = flawOf(header)
  if (flaw !== undefined) return fail(flaw)
  if (stripeId(primitives, header) !== id) return fail('the header of another stripe')
  if (data.length !== fragmentBytes(header)) return fail('a fragment of the wrong length')
  const claim = { index, leaf: leafHash(primitives, data), proof }
  const dataRoot = verifyProof(primitives, header, header.merkleRoot, claim)
  return dataRoot.ok ? ok({ dataRoot: dataRoot.value }) : dataRoot
}

/**
 * The enciphered segment. Data fragments at hand are taken as they are, for their proofs tie them to the data root. Throws
 * `damaged` when the stripe's parity contradicts its data.
 */
export function decodeStripe(kernel: ErasureKernel, primitives: Primitives, job: DecodeJob): Bytes {
  return decodeSegment(kernel, primitives, job).subarray(0, job.header.segmentBytes)
}

/** The whole stripe again. Throws `damaged` when any of its fragments was not what the code makes of its data. */
export function rebuildStripe(kernel: ErasureKernel, primitives: Primitives, job: DecodeJob): EncodedStripe {
  const { header } = job
  const data = slices(decodeSegment(kernel, primitives, job), fragmentBytes(header))
  const stripe = completeStripe(kernel, primitives, data, header)
  if (!equal(stripe.header.merkleRoot, header.merkleRoot))
    throw inconsistent('rebuilt fragments do not hash to the root')
  return stripe
}

/** All data fragments joined, padding included, checked against the data root. */
function decodeSegment(
  kernel: ErasureKernel,
  primitives: Primitives,
  { header, fragments, dataRoot }: DecodeJob,
): Bytes {
  assert(fragments.length === header.needed, 'exactly as many fragments as the stripe needs')
  const segment = new Uint8Array(header.needed * fragmentBytes(header))
  const data = slices(segment, fragmentBytes(header))
  const missing = new Map(data.entries())
  for (const fragment of fragments) {
    data[fragment.index]?.set(fragment.data)
    missing.delete(fragment.index)
  }
  if (missing.size === 0) return segment
  kernel.decode(
    fragments,
    Array.from(missing, ([index, bytes]) => ({ index, data: bytes })),
  )
  const root = new MerkleTree(primitives, leafHashes(primitives, data)).root
  if (!equal(root, dataRoot)) throw inconsistent('decoded data does not hash to what the fragments prove')
  return segment
}

function completeStripe(
  kernel: ErasureKernel,
  primitives: Primitives,
  data: readonly Bytes[],
  { total, segmentBytes }: Pick<StripeHeader, 'total' | 'segmentBytes'>,
): EncodedStripe {
  const needed = data.length
  const fragments = [...data, ...parityFragments(kernel, data, total)]
  const tree = new MerkleTree(primitives, leafHashes(primitives, fragments))
  const header = { needed, total, segmentBytes, merkleRoot: tree.root }
  const proofs = fragments.map((_, index) => tree.proof(needed, index))
  return { id: stripeId(primitives, header), header, fragments, proofs }
}

/** Views of `enciphered`; what reaches beyond its end is copied and padded with zeros. */
function dataFragments(enciphered: Bytes, needed: number): Bytes[] {
  const bytes = fragmentBytes({ needed, segmentBytes: enciphered.length })
  const whole = slices(enciphered.subarray(0, enciphered.length - (enciphered.length % bytes)), bytes)
  const rest = new Uint8Array((needed - whole.length) * bytes)
  rest.set(enciphered.subarray(whole.length * bytes))
  return [...whole, ...slices(rest, bytes)]
}

function parityFragments(kernel: ErasureKernel, data: readonly Bytes[], total: number): Bytes[] {
  const only = present(data[0], 'a stripe has data')
  if (data.length === 1) return new Array<Bytes>(total - 1).fill(only)
  const parity = slices(new Uint8Array((total - data.length) * only.length), only.length)
  kernel.encode(data, parity)
  return parity
}

/** Replicas are one view and hashed once. */
function leafHashes(primitives: Primitives, fragments: readonly Bytes[]): Bytes[] {
  const known = new Map<Bytes, Bytes>()
  for (const fragment of fragments) if (!known.has(fragment)) known.set(fragment, leafHash(primitives, fragment))
  return fragments.map((fragment) => present(known.get(fragment), 'every fragment was hashed'))
}

function slices(bytes: Bytes, length: number): Bytes[] {
  return Array.from({ length: bytes.length / length }, (_, i) => bytes.subarray(i * length, (i + 1) * length))
}

/** What is wrong with a header's values, if anything. */
function flawOf({ needed, total, segmentBytes, merkleRoot }: Code & StripeHeader): string | undefined {
  if (!isNeeded(needed)) return 'needed is not a power of two up to 64'
  if (!Number.isInteger(total) || total < needed || total > TOTAL_MAX) return 'total is not between needed and 256'
  if (!Number.isInteger(segmentBytes) || segmentBytes < 0 || segmentBytes > SEGMENT_BYTES_MAX)
    return 'a segment too large'
  return merkleRoot.length === HASH_BYTES ? undefined : 'a Merkle root of the wrong length'
}

function inconsistent(what: string): Failure {
  return new Failure('damaged', `${what}: whoever encoded this stripe made fragments that contradict one another`)
}
