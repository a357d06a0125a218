/**
 * Writes docs/format/vectors/object.json: small objects from content to stripe ids, a list, roots that are refused, a receipt and a release.
 * A test holds the file against what this code makes and what a node stores.
 */
import { present } from '../src/base/assert.ts'
import { EMPTY, toHex, utf8, type Bytes } from '../src/base/bytes.ts'
import { parseId, type NodeId, type StripeId } from '../src/base/id.ts'
import { codeFor } from '../src/coding/code.ts'
import { ReferenceKernel } from '../src/coding/kernel/reference.ts'
import { SEGMENT_BYTES_MAX } from '../src/coding/limits.ts'
import { encodeStripe } from '../src/coding/stripe.ts'
import { listKey, objectKeys, releaseSeed, rootContentKey, rootKey, segmentKey } from '../src/crypto/derive.ts'
import { signerOf } from '../src/crypto/signer.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { receiptMessage } from '../src/storage/receipt.ts'
import { ownerTag, releaseMessage, signRelease } from '../src/storage/release.ts'
import { encodeList, encodeRoot, sealContent, type Root } from '../src/storage/root.ts'
import { writeVectors } from './writeVectors.ts'

const primitives = new NodePrimitives()
const SECRET = pattern(32, 1)
const KEYS = objectKeys(primitives, SECRET)
/** Share of nodes that the vectors' stripes survive. */
const SURVIVE = 0.5

/** Bytes as lower-case hexadecimal digits. A `pattern` is byte i = (start + 37 i) mod 256. */
export interface ObjectVectors {
  readonly secret: string
  readonly survive: number
  readonly objects: readonly ObjectVector[]
  readonly list: {
    readonly level: number
    readonly position: number
    readonly children: readonly string[]
    readonly clear: string
    readonly key: string
  } & StripeNames
  /** Roots in clear that a reader refuses, with the reason. */
  readonly refusedRoots: readonly { readonly why: string; readonly clear: string }[]
  readonly receipt: {
    readonly seed: string
    readonly publicKey: string
    readonly holder: string
    readonly sender: string
    readonly stripe: string
    readonly expiresMs: number
    readonly indices: readonly number[]
    readonly message: string
    readonly signature: string
  }
  readonly release: {
    readonly ownerSecret: string
    readonly seed: string
    readonly publicKey: string
    /** As leases name the owner. */
    readonly owner: string
    readonly stripes: readonly string[]
    readonly message: string
    readonly signature: string
  }
}

/** How a stripe was coded and what it is called. */
interface StripeNames {
  readonly needed: number
  readonly total: number
  readonly stripeId: string
}

interface ObjectVector {
  readonly pattern: { readonly start: number; readonly bytes: number }
  readonly type: string
  readonly segments: readonly StripeNames[]
  readonly contentClear: string
  readonly sealed: string
  readonly rootClear: string
  readonly root: StripeNames
}

/** The vectors as this code makes them. */
export function objectVectors(): ObjectVectors {
  return {
    secret: toHex(SECRET),
    survive: SURVIVE,
    objects: [
      objectVector({ start: 0, bytes: 0, type: '' }),
      objectVector({ start: 5, bytes: 11, type: 'text/plain' }),
      objectVector({ start: 9, bytes: 5_000, type: 'application/octet-stream' }),
    ],
    list: listVector(),
    refusedRoots: refusedRoots(),
    receipt: receiptVector(),
    release: releaseVector(),
  }
}

/** Content of the vectors. */
export function pattern(bytes: number, start: number): Bytes {
  return Uint8Array.from({ length: bytes }, (_, i) => start + 37 * i)
}

function objectVector({ start, bytes, type }: { start: number; bytes: number; type: string }): ObjectVector {
  const plain = pattern(bytes, start)
  const isInline = bytes <= 4096
  const segments = isInline ? [] : [stripeNames(plain, segmentKey(primitives, KEYS.readKey, 0))]
  const content = { type, inline: isInline ? plain : EMPTY }
  const sealed = sealContent(primitives, KEYS.readKey, content)
  const root: Root = { ...rootOf(segments), size: bytes, sealed }
  const rootClear = encodeRoot(root)
  return {
    pattern: { start, bytes },
    type,
    segments,
    contentClear: toHex(primitives.cipher(rootContentKey(primitives, KEYS.readKey), 0, sealed)),
    sealed: toHex(sealed),
    rootClear: toHex(rootClear),
    root: stripeNames(rootClear, rootKey(primitives, KEYS.verifyKey)),
  }
}

function rootOf(segments: readonly StripeNames[]): Omit<Root, 'size' | 'sealed'> {
  const children = segments.map(({ stripeId }) => stripeId as StripeId)
  return { segmentBytes: SEGMENT_BYTES_MAX, depth: 0, children }
}

function listVector(): ObjectVectors['list'] {
  const children = [1, 2, 3].map((n) => idOf<StripeId>(n))
  const clear = encodeList(children)
  const key = listKey(primitives, KEYS.verifyKey, 1, 7)
  return { level: 1, position: 7, children, clear: toHex(clear), key: toHex(key), ...stripeNames(clear, key) }
}

function refusedRoots(): ObjectVectors['refusedRoots'] {
  const good: Root = {
    size: 50,
    segmentBytes: 10,
    depth: 0,
    children: [1, 2, 3, 4, 5].map(idOf<StripeId>),
    sealed: EMPTY,
  }
  const bad = (why: string, change: Partial<Root>): { readonly why: string; readonly clear: string } => ({
    why,
    clear: toHex(encodeRoot({ ...good, ...change })),
  })
  const version = encodeRoot(good)
  version[1] = 2
  return [
    { why: 'another version', clear: toHex(version) },
    bad('more bytes than its segments hold', { size: 51 }),
    bad('fewer bytes than its segments hold', { size: 40 }),
    bad('segments of no bytes', { segmentBytes: 0 }),
    bad('more children than lists are needed', { depth: 1 }),
    bad('no children, and too many bytes to stand in the root', { size: 5_000, children: [] }),
    bad('no children, and lists', { children: [], depth: 1 }),
  ]
}

function receiptVector(): ObjectVectors['receipt'] {
  const seed = pattern(32, 77)
  const signer = signerOf(primitives, seed)
  const terms = {
    stripe: idOf<StripeId>(3),
    sender: idOf<NodeId>(4),
    expiresMs: 1_900_000_000_123,
    indices: [0, 7, 255],
  }
  const message = receiptMessage(terms)
  return {
    seed: toHex(seed),
    publicKey: toHex(signer.publicKey),
    holder: signer.id,
    ...terms,
    message: toHex(message),
    signature: toHex(signer.sign(message)),
  }
}

function releaseVector(): ObjectVectors['release'] {
  const ownerSecret = pattern(32, 99)
  const seed = releaseSeed(primitives, ownerSecret, SECRET)
  const stripes = [3, 4].map(idOf<StripeId>)
  const { publicKey, signature } = signRelease(primitives, seed, stripes)
  return {
    ownerSecret: toHex(ownerSecret),
    seed: toHex(seed),
    publicKey: toHex(publicKey),
    owner: toHex(ownerTag(primitives, publicKey)),
    stripes,
    message: toHex(releaseMessage(stripes)),
    signature: toHex(signature),
  }
}

function stripeNames(plain: Bytes, key: Bytes): StripeNames {
  const code = codeFor(plain.length, SURVIVE)
  return { ...code, stripeId: encodeStripe(new ReferenceKernel(), primitives, { plain, key, code }).id }
}

function idOf<T extends NodeId | StripeId>(n: number): T {
  return present(parseId<T>(primitives.hash(utf8(String(n)))), 'SHA-256 has 32 bytes')
}

if (import.meta.main) await writeVectors('object.json', objectVectors())
