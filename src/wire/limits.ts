/** Every bound of the wire, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { KIB, MIB, MINUTE, SECOND } from '../base/units.ts'
import { FRAME_BYTES_MAX } from '../ports/connection.ts'

/** The structured part of a message: room for the places and proofs of 256 fragments, far above every other message. */
export const HEAD_BYTES_MAX = 128 * KIB
/** The raw part: four fragments of the largest size, so that a holder signs one receipt for several. */
export const BODY_BYTES_MAX = MIB
/** Parts of one body; a stripe has at most 256 fragments. */
export const BODY_PARTS_MAX = 256
/** Contacts in one reply: the nearest, somewhat more than a region, and some of each prefix shell farther out. */
export const CONTACTS_MAX = 40
/** Addresses of one contact: IPv4, IPv6, and a relay or two. */
export const ADDRESSES_MAX = 6
export const ADDRESS_CHARS_MAX = 255
/** Stripes asked about at once: the read-ahead of a large object, or the packs of a folder. */
export const HAVE_STRIPES_MAX = 64
/** Stripes proven at once: 256 fragments of each still fit a body, 32 bytes of each fragment. */
export const PROVE_STRIPES_MAX = 64
export const NETWORK_NAME_CHARS_MAX = 64
export const REFUSAL_CHARS_MAX = 400

/** Requests over one connection that this node works on at once; more are refused as busy, which senders take as a wish to slow down. */
export const INBOUND_REQUESTS_MAX = 256
/** Connections with one peer: one of each channel, and two of each when both sides dial at once. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** An unused connection is closed after this; dialling again costs 3 ms. */
export const IDLE_MS = 10 * MINUTE
/** Connecting, TLS and hello together; a peer that dials us has as long for its hello alone. */
export const DIAL_MS = 8 * SECOND

assert(HEAD_BYTES_MAX + BODY_BYTES_MAX < FRAME_BYTES_MAX, 'the largest message fits a frame')
