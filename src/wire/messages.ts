/**
 * Every message between nodes: its number, its channel, and the shapes of request and reply. Adding a message is adding an
 * entry here and a handler in the layer that owns it; docs/format/wire.md describes the bytes.
 */
import { assert } from '../base/assert.ts'
import type { NodeId, StripeId, Point } from '../base/id.ts'
import { KIB, MINUTE } from '../base/units.ts'
import { PROOF_BYTES_MAX } from '../coding/merkle.ts'
import type { IdPuzzle } from '../crypto/idPuzzle.ts'
import { OWNER_BYTES } from '../ports/fragmentStore.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../ports/primitives.ts'
import type { Channel, Contact } from '../ports/connection.ts'
import {
  ADDRESSES_MAX,
  ADDRESS_CHARS_MAX,
  BODY_PARTS_MAX,
  CONTACTS_MAX,
  HAVE_STRIPES_MAX,
  HEAD_BYTES_MAX,
  NETWORK_NAME_CHARS_MAX,
  PROVE_STRIPES_MAX,
  STORE_STRIPES_MAX,
} from './limits.ts'
import {
  bytesOf,
  bytesUpTo,
  id,
  list,
  oneOf,
  optional,
  record,
  text,
  uint,
  type RecordOf,
  type Schema,
} from './schema.ts'

/** The version of the protocol that this node speaks; a hello says the range a node understands. */
export const PROTOCOL_VERSION = 1

const STRIPE_HEADER_BYTES_MAX = 64
const FRAGMENT_INDEX_MAX = 255
/** A proof with its length, an index, the array around them, and the length of the part of the body. */
const FRAGMENT_HEAD_BYTES_MAX = PROOF_BYTES_MAX + 3 + 2 + 1 + 5
/** An offer's header, region, lease, owner, and the arrays around them. */
const OFFER_HEAD_BYTES_MAX = STRIPE_HEADER_BYTES_MAX + OWNER_BYTES + 20
const REGION_MAX = 15
const TIME_MS_MAX = 2 ** 48

const contact: Schema<Contact> = record({
  id: id<NodeId>(),
  addresses: list(text(ADDRESS_CHARS_MAX), ADDRESSES_MAX),
})

/** Wider than what this version asks for, so that a node that asks for more is told from one that talks nonsense. */
const idPuzzle: Schema<IdPuzzle> = record({
  memoryKib: uint(0xffffffff),
  passes: uint(0xffff),
  difficultyBits: uint(0xffff),
})

/** The first frame on each connection, from both sides. `puzzle` is what ids of the network cost. */
export const helloSchema = record({
  versionMin: uint(0xffff),
  versionMax: uint(0xffff),
  network: text(NETWORK_NAME_CHARS_MAX),
  addresses: list(text(ADDRESS_CHARS_MAX), ADDRESSES_MAX),
  puzzle: optional(idPuzzle),
})

/** A stripe's header, encoded as coding/stripe.ts says, which of its fragments a holder keeps, and its lease: until when, and for whom. */
const holding = record({
  header: bytesUpTo(STRIPE_HEADER_BYTES_MAX),
  indices: bytesUpTo(FRAGMENT_INDEX_MAX + 1),
  expiresMs: uint(TIME_MS_MAX),
  owner: optional(bytesOf(OWNER_BYTES)),
})

/** Which stripe to prove, and a number that the holder cannot foresee: it picks the bytes (storage/proof.ts). */
const challenge = record({
  stripe: id<StripeId>(),
  nonce: uint(0xffffffff),
})

const fragmentPlace = record({
  index: uint(FRAGMENT_INDEX_MAX),
  proof: bytesUpTo(PROOF_BYTES_MAX),
})

/** Fragments of one stripe, to be kept by a node of its region `region`. */
const offer = record({
  header: bytesUpTo(STRIPE_HEADER_BYTES_MAX),
  region: uint(REGION_MAX),
  fragments: list(fragmentPlace, BODY_PARTS_MAX),
  leaseMs: uint(TIME_MS_MAX),
  owner: optional(bytesOf(OWNER_BYTES)),
})

interface MessageShape<Q, R> {
  readonly code: number
  /** The connection it travels on; replies return on the same. */
  readonly channel: Channel
  readonly request: Schema<Q>
  readonly reply: Schema<R>
}

function message<Q, R>(shape: MessageShape<Q, R>): MessageShape<Q, R> {
  return shape
}

/** Whatever travels raw beside the head: for `store` and `storeAll` the fragments sent, for `fetch` those returned, for `prove` slices of them, else none. */
export interface WithBody {
  readonly body?: readonly Uint8Array[]
}

export const MESSAGES = {
  /** Are you there? */
  ping: message({ code: 1, channel: 'control', request: record({}), reply: record({}) }),
  /** Which nodes do you know near this point? */
  find: message({
    code: 2,
    channel: 'control',
    request: record({ target: id<Point>() }),
    reply: record({ contacts: list(contact, CONTACTS_MAX) }),
  }),
  /** Who is in the region around this point, as far as you have heard? May be passed on to a nearer node. */
  region: message({
    code: 3,
    channel: 'control',
    request: record({ target: id<Point>(), withinMs: uint(MINUTE) }),
    reply: record({ ageMs: uint(TIME_MS_MAX), members: list(contact, CONTACTS_MAX) }),
  }),
  /** Which fragments of these stripes do you keep? Answers stand in the order of the questions. Who asks to `check` looks after them. */
  have: message({
    code: 16,
    channel: 'control',
    request: record({ stripes: list(id<StripeId>(), HAVE_STRIPES_MAX), purpose: oneOf('read', 'check') }),
    reply: record({ holdings: list(optional(holding), HAVE_STRIPES_MAX) }),
  }),
  /** Keep these fragments of one stripe, as a node of its region `region`. The body has one part per fragment. */
  store: message({
    code: 17,
    channel: 'bulk',
    request: offer,
    reply: record({
      expiresMs: uint(TIME_MS_MAX),
      publicKey: bytesOf(PUBLIC_KEY_BYTES),
      signature: bytesOf(SIGNATURE_BYTES),
    }),
  }),
  /** Give me these fragments of a stripe. Those that are not kept are left out; the body has one part per fragment given. */
  fetch: message({
    code: 18,
    channel: 'bulk',
    request: record({ stripe: id<StripeId>(), indices: bytesUpTo(BODY_PARTS_MAX) }),
    reply: record({
      header: optional(bytesUpTo(STRIPE_HEADER_BYTES_MAX)),
      fragments: list(fragmentPlace, BODY_PARTS_MAX),
    }),
  }),
  /** Keep what you have of these stripes for longer. Until when, in the order of the questions; undefined where nothing is kept. */
  renew: message({
    code: 19,
    channel: 'control',
    request: record({ stripes: list(id<StripeId>(), HAVE_STRIPES_MAX), leaseMs: uint(TIME_MS_MAX) }),
    reply: record({ expiresMs: list(optional(uint(TIME_MS_MAX)), HAVE_STRIPES_MAX) }),
  }),
  /** Show that you have the fragments of these stripes: some bytes of each. Answers stand in the order of the questions, one part of the body each. */
  prove: message({
    code: 20,
    channel: 'control',
    request: record({ challenges: list(challenge, PROVE_STRIPES_MAX) }),
    reply: record({ holdings: list(optional(holding), PROVE_STRIPES_MAX) }),
  }),
  /** Forget these stripes: the word of their owner, signed (storage/release.ts). How many fragments were forgotten. */
  release: message({
    code: 21,
    channel: 'control',
    request: record({
      stripes: list(id<StripeId>(), HAVE_STRIPES_MAX),
      publicKey: bytesOf(PUBLIC_KEY_BYTES),
      signature: bytesOf(SIGNATURE_BYTES),
    }),
    reply: record({ fragments: uint(HAVE_STRIPES_MAX * (FRAGMENT_INDEX_MAX + 1)) }),
  }),
  /** Keep these fragments of several stripes, all of them or none. The body has one part per fragment; expiries stand in the order of the offers. */
  storeAll: message({
    code: 22,
    channel: 'bulk',
    request: record({ offers: list(offer, STORE_STRIPES_MAX) }),
    reply: record({
      expiresMs: list(uint(TIME_MS_MAX), STORE_STRIPES_MAX),
      publicKey: bytesOf(PUBLIC_KEY_BYTES),
      signature: bytesOf(SIGNATURE_BYTES),
    }),
  }),
} as const

export type MessageKind = keyof typeof MESSAGES

type Shape<K extends MessageKind, Side extends 'request' | 'reply'> =
  (typeof MESSAGES)[K][Side] extends Schema<infer T> ? T & WithBody : never

export type Messages = {
  readonly [K in MessageKind]: { readonly request: Shape<K, 'request'>; readonly reply: Shape<K, 'reply'> }
}

assert(
  STORE_STRIPES_MAX * (OFFER_HEAD_BYTES_MAX + FRAGMENT_HEAD_BYTES_MAX) + KIB < HEAD_BYTES_MAX,
  'what is said of a fragment of each of 128 stripes fits one head',
)
assert(BODY_PARTS_MAX * FRAGMENT_HEAD_BYTES_MAX + KIB < HEAD_BYTES_MAX, 'what is said of 256 fragments fits one head')

const KIND_BY_CODE: ReadonlyMap<number, MessageKind> = new Map(
  Object.entries(MESSAGES).map(([kind, shape]) => [shape.code, kind as MessageKind]),
)

export function kindOfCode(code: number): MessageKind | undefined {
  return KIND_BY_CODE.get(code)
}

export type Hello = RecordOf<{
  versionMin: Schema<number>
  versionMax: Schema<number>
  network: Schema<string>
  addresses: Schema<readonly string[]>
  puzzle: Schema<IdPuzzle | undefined>
}>
