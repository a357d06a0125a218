/**
 * Capabilities and their printed form, links: `mf:` and base32 of {kind, root stripe id, key, checksum}. Whoever holds a link
 * holds the right; nothing else is asked. The checksum only catches garbling, so that a typo is not mistaken for a lost object.
 */
import { assert, present } from '../base/assert.ts'
import { fromBase32, toBase32 } from '../base/base32.ts'
import { concat, equal, utf8, type Bytes } from '../base/bytes.ts'
import { idBytes, ID_BYTES, parseId, type StripeId } from '../base/id.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import { objectKeys } from './derive.ts'

/** A right to one immutable object. */
export interface Capability {
  readonly what: 'object' | 'directory'
  /** `read`: the content. `verify`: which stripes it has, for health, audit and repair, but no content. */
  readonly right: 'read' | 'verify'
  readonly root: StripeId
  /** For `read` the object's secret, for `verify` its verify key. 32 bytes. */
  readonly key: Bytes
}

const SCHEME = 'mf:'
const CHECKSUM_BYTES = 4
const BODY_BYTES = 1 + ID_BYTES + KEY_BYTES
/** 111 characters are body and checksum. QR codes and people write them in capitals too. */
const LINK_PATTERN = /^mf:([a-z2-7]{111})$/i
const CHECKSUM_LABEL = utf8('mainframe/link/1\0')

const KINDS = [
  { kind: 0x01, what: 'object', right: 'read' },
  { kind: 0x02, what: 'object', right: 'verify' },
  { kind: 0x11, what: 'directory', right: 'read' },
  { kind: 0x12, what: 'directory', right: 'verify' },
] as const

export function printLink(primitives: Primitives, capability: Capability): string {
  assert(capability.key.length === KEY_BYTES, 'a capability has a key of 32 bytes')
  const kind = KINDS.find((each) => each.what === capability.what && each.right === capability.right)?.kind
  const body = concat(Uint8Array.of(present(kind, 'a kind of link')), idBytes(capability.root), capability.key)
  return SCHEME + toBase32(concat(body, checksum(primitives, body)))
}

/** The capability, or why the text is no link. Small and capital letters are one. */
export function parseLink(primitives: Primitives, text: string): Result<Capability> {
  if (!text.slice(0, SCHEME.length).toLowerCase().startsWith(SCHEME)) return fail(`a link begins with ${SCHEME}`)
  const bytes = fromBase32(LINK_PATTERN.exec(text)?.[1]?.toLowerCase() ?? '')
  if (bytes?.length !== BODY_BYTES + CHECKSUM_BYTES) {
    return fail('the link is garbled: it has wrong characters or is not complete; copy it again as a whole')
  }
  const body = bytes.subarray(0, BODY_BYTES)
  if (!equal(checksum(primitives, body), bytes.subarray(BODY_BYTES))) {
    return fail('the link is garbled: its checksum does not match; copy it again as a whole')
  }
  const kind = KINDS.find((each) => each.kind === body[0])
  const root = parseId<StripeId>(body.subarray(1, 1 + ID_BYTES))
  if (kind === undefined || root === undefined) return fail('the link is of a kind that this version does not know')
  return ok({ what: kind.what, right: kind.right, root, key: body.slice(1 + ID_BYTES) })
}

/** The weaker capability that lets others check and repair without reading. */
export function toVerify(primitives: Primitives, capability: Capability): Capability {
  if (capability.right === 'verify') return capability
  return { ...capability, right: 'verify', key: objectKeys(primitives, capability.key).verifyKey }
}

function checksum(primitives: Primitives, body: Uint8Array): Bytes {
  return primitives.hash(CHECKSUM_LABEL, body).slice(0, CHECKSUM_BYTES)
}
