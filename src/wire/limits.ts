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
/** Stripes of which fragments are stored at once: small objects that are put together, one fragment of each to a holder. */
export const STORE_STRIPES_MAX = 128
export const NETWORK_NAME_CHARS_MAX = 64
export const REFUSAL_CHARS_MAX = 400

/** Requests over one connection that this node works on at once; more are refused as busy, which senders take as a wish to slow down. */
export const INBOUND_REQUESTS_MAX = 256
/** Connections with one peer: one of each channel, and two of each when both sides dial at once. */
export const CONNECTIONS_PER_PEER_MAX = 4
/**
 * Connections open at once, of both sides and channels: a quarter of the smallest tables that home routers have (2048), which the
 * household's other machines and those that were just closed also need.
 */
export const CONNECTIONS_MAX = 512
/** Of them, those of strangers who dialled in have at most this share, so that there is always room for a dial and for contacts. */
export const STRANGERS_SHARE = 3 / 4
/** Where that room is full, a stranger of whom nothing has been heard for this long makes way for the next. */
export const CROWDED_IDLE_MS = 30 * SECOND
/** Connections made in a minute, on average: routers remember closed ones for about two minutes, ... */
export const DIALS_PER_MINUTE_MAX = 600
/** ... and at once: a put whose 193 fragments go to as many holders, and those who name them. */
export const DIALS_AT_ONCE_MAX = 300
/** A dial beyond those waits at most this long and is then busy: shorter than a ping, so that no peer seems gone for our own bound. */
export const DIAL_WAIT_MS_MAX = SECOND
/** Bodies refused to one peer are paid for at this rate: one in a hundred of a core, however fast he sends. An honest one asks elsewhere. */
export const REFUSED_BYTES_PER_S = MIB
/** A peer that goes on all the same is listened to again after this, if only to hear it goes on. */
export const HELD_BACK_MS_MAX = 5 * SECOND
/** Peers whose refused bytes are remembered: whoever is forgotten begins anew, at the price of as many other ids. */
export const HELD_BACK_MAX = 4096
/** Where a rate is set: what is saved up while there was nothing to move, so that a pause is made up for but no line is flooded. */
export const PACE_SAVED_MS = 250
/** And at least one small frame, however low the rate. */
export const PACE_SAVED_BYTES_MIN = 64 * KIB
/** The line is served no more often than this: timers are not that exact, and each costs something. */
export const PACE_MS_MIN = 10
/** A paced connection's own queue has room again below this: one frame waits while another leaves. */
export const PACED_QUEUE_BYTES_ROOM = 512 * KIB
/** A paced connection whose own queue grows beyond this is closed: what waits for no room is asked for by the peer, without end. */
export const PACED_QUEUE_BYTES_MAX = 32 * MIB
/** Rates below this are refused: what a put has under way at least, two megabytes, would take longer than holders are waited for. */
export const RATE_BYTES_PER_S_MIN = 256 * KIB
/** An unused connection is closed after this; dialling again costs 3 ms. */
export const IDLE_MS = 10 * MINUTE
/** Connecting, TLS and hello together; a peer that dials us has as long for its hello alone. */
export const DIAL_MS = 8 * SECOND

assert(
  CONNECTIONS_MAX + DIALS_AT_ONCE_MAX + 2 * DIALS_PER_MINUTE_MAX <= 2048,
  'connections that stand and those closed in the last two minutes fit the table of a small router',
)
assert(
  (DIAL_WAIT_MS_MAX / MINUTE) * DIALS_PER_MINUTE_MAX >= 1 && DIAL_WAIT_MS_MAX < DIAL_MS,
  'some dials may wait, none past its deadline',
)
assert((BODY_BYTES_MAX / REFUSED_BYTES_PER_S) * SECOND <= HELD_BACK_MS_MAX, 'one refused body is paid for in full')
assert(HEAD_BYTES_MAX + BODY_BYTES_MAX < FRAME_BYTES_MAX, 'the largest message fits a frame')
