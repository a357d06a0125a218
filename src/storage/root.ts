/**
 * The root of an object: its size, the topmost list of its stripes, and, for readers only, its type and small content. Opened
 * by the verify key, so that a verifier learns the stripes and nothing else. Bytes: docs/format/object.md.
 */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { SEGMENT_BYTES_MAX } from '../coding/limits.ts'
import { rootContentKey } from '../crypto/derive.ts'
import type { Primitives } from '../ports/primitives.ts'
import { bytesUpTo, decodeAs, encodeAs, id, list, record, text, uint } from '../wire/schema.ts'
import { INLINE_BYTES_MAX, LIST_CHILDREN_MAX, LIST_DEPTH_MAX, ROOT_BYTES_MAX, TYPE_CHARS_MAX } from './limits.ts'

const ROOT_VERSION = 1

export interface Root {
  readonly size: number
  /** Bytes of every data segment but the last. */
  readonly segmentBytes: number
  /** Levels of lists below this one: 0 when the children are data segments. */
  readonly depth: number
  readonly children: readonly StripeId[]
  /** Enciphered under the read key: {@link RootContent}. */
  readonly sealed: Bytes
}

/** What only readers see. */
export interface RootContent {
  readonly type: string
  /** The whole content when it is small enough to stand here; empty otherwise. */
  readonly inline: Bytes
}

const rootSchema = record({
  version: uint(0xff),
  size: uint(Number.MAX_SAFE_INTEGER),
  segmentBytes: uint(SEGMENT_BYTES_MAX),
  depth: uint(LIST_DEPTH_MAX),
  children: list(id<StripeId>(), LIST_CHILDREN_MAX),
  sealed: bytesUpTo(ROOT_BYTES_MAX),
})

const contentSchema = record({ type: text(TYPE_CHARS_MAX), inline: bytesUpTo(INLINE_BYTES_MAX) })

const listSchema = list(id<StripeId>(), LIST_CHILDREN_MAX)

export function encodeRoot(root: Root): Bytes {
  return encodeAs(rootSchema, { version: ROOT_VERSION, ...root })
}

/** The root, its numbers in agreement with one another, or what is wrong with it. */
export function decodeRoot(bytes: Uint8Array): Result<Root> {
  const decoded = decodeAs(rootSchema, bytes, ROOT_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { version, ...root } = decoded.value
  if (version !== ROOT_VERSION) return fail(`root version ${String(version)} is not known here`)
  const inline = root.children.length === 0
  if (inline) return root.size <= INLINE_BYTES_MAX && root.depth === 0 ? ok(root) : fail('a root without its stripes')
  if (root.segmentBytes === 0) return fail('segments of no bytes')
  const childrenExpected = Math.ceil(segmentCount(root) / LIST_CHILDREN_MAX ** root.depth)
  return childrenExpected === root.children.length ? ok(root) : fail('a root whose size and stripes disagree')
}

/** Data segments of the object; 0 when its content is inline. */
export function segmentCount(root: Pick<Root, 'size' | 'segmentBytes' | 'children'>): number {
  return root.children.length === 0 ? 0 : Math.ceil(root.size / root.segmentBytes)
}

export function sealContent(primitives: Primitives, readKey: Uint8Array, content: RootContent): Bytes {
  return primitives.cipher(rootContentKey(primitives, readKey), 0, encodeAs(contentSchema, content))
}

export function openContent(primitives: Primitives, readKey: Uint8Array, root: Root): Result<RootContent> {
  const clear = primitives.cipher(rootContentKey(primitives, readKey), 0, root.sealed)
  const content = decodeAs(contentSchema, clear, ROOT_BYTES_MAX)
  if (!content.ok) return content
  const inlineExpected = root.children.length === 0 ? root.size : 0
  return content.value.inline.length === inlineExpected ? content : fail('inline content of the wrong length')
}

export function encodeList(children: readonly StripeId[]): Bytes {
  return encodeAs(listSchema, children)
}

export function decodeList(bytes: Uint8Array): Result<readonly StripeId[]> {
  return decodeAs(listSchema, bytes, ROOT_BYTES_MAX)
}
