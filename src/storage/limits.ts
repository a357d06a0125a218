/** Every bound of storage, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { DAY, GIB, HOUR, KIB, MIB, MINUTE, SECOND } from '../base/units.ts'
import { SEGMENT_BYTES_MAX, TOTAL_MAX } from '../coding/limits.ts'
import { PROOF_BYTES_MAX } from '../coding/merkle.ts'
import { REGION_SIZE } from '../overlay/limits.ts'
import { BODY_BYTES_MAX, HAVE_STRIPES_MAX, HEAD_BYTES_MAX, PROVE_STRIPES_MAX } from '../wire/limits.ts'

/** A stripe's fragments lie in this many regions, so that a censor must win most of them. */
export const REGION_COUNT_MAX = 16
/** A holder takes what belongs to a region that it is in or nearly in: views of a region differ a little between nodes. */
export const ADMISSION_SIZE = 2 * REGION_SIZE
/** Lines of a table of failure domains: twice the prefixes that the Internet's routers know. */
export const DOMAIN_LINES_MAX = 2_500_000
export const DOMAIN_NAME_CHARS_MAX = 64
/** Leases without a renewal end after this. */
export const LEASE_MS = 90 * DAY
export const LEASE_MS_MAX = 400 * DAY

/** Bytes of a fragment that prove it: nobody guesses them, and 256 fragments of 64 stripes fit a body. */
export const PROOF_SLICE_BYTES = 32
/** What one request to prove may make a holder read: as much as the largest stripe has. More is refused before anything is read. */
export const PROVE_READ_BYTES_MAX = 64 * MIB
/** Read of it without giving others a turn: some milliseconds. */
export const PROVE_READ_BYTES_AT_ONCE = 4 * MIB
/** Requests to prove worked on at once: a small question that makes a disk busy must not be asked without end. */
export const PROVES_AT_ONCE = 8

/** Below this share of the quota anyone may take what is free: a network of few nodes has few senders, and they need the room. */
export const FREE_SHARE = 0.5
/** Above it one sender has at most this share of the quota: eight fill it, and nobody alone keeps all others out. */
export const SENDER_SHARE = 1 / 8
/** And the senders of one subnet: ids cost a puzzle each, addresses in other subnets cost more. */
export const SUBNET_SHARE = 1 / 4
/** What one sender may send in an hour, as a share of the quota: who releases as fast as he stores wears a disk out. */
export const SENDER_HOURLY_SHARE = 1 / 8
/** Small quotas do not make a node stingy with an honest upload: filling the quota is refused for its own reason. */
export const SENDER_HOURLY_BYTES_MIN = 64 * MIB
/** Without a quota: what a line of half a gigabit a second carries. */
export const SENDER_HOURLY_BYTES_UNBOUNDED = 256 * GIB
/** Senders whose rate is remembered: whoever is forgotten begins anew, at the price of as many other ids. */
export const SENDERS_RATED_MAX = 4096

/** Stripes looked at between two pauses of a walk over all that is held: some milliseconds of a disk. */
export const WALK_PAGE_STRIPES = 256
/** Between two pages when counting what each sender has: a million stripes in a few minutes. */
export const COUNT_PAUSE_MS = 50
/** Between two pages of a sweep: a million stripes in five hours. */
export const SWEEP_PAUSE_MS = 5 * SECOND
/** From the end of one sweep to the next. */
export const SWEEP_EVERY_MS = HOUR
/** Kept beyond the end of a lease: a clock that jumps by a day deletes nothing that renewals would have kept. */
export const EXPIRY_GRACE_MS = 1 * DAY
/** Pages that one put looks through for room, within the time that its sender waits. */
export const EVICTION_PAGES_MAX = 16

/** Everything held is verified once in this time. */
export const SCRUB_PERIOD_MS = 14 * DAY
/** And that takes this share of it, so that what is added meanwhile has time too. */
export const SCRUB_BUSY_SHARE = 0.9
/** Never faster than this, also when somebody waits for it: disks and cores have other work. */
export const SCRUB_BYTES_PER_S_MAX = 64 * MIB
/** Shorter pauses are saved up: timers are not that exact. */
export const SCRUB_PAUSE_MS_MIN = 100
/** Nor are longer ones made: a store that is nearly empty now may be full in an hour. */
export const SCRUB_PAUSE_MS_MAX = 1 * HOUR

/** A stripe is acknowledged when this share of its fragments is kept by signed word. */
export const ACKNOWLEDGED_SHARE = 0.9
/** After the acknowledgement the slow rest gets this long before others are asked to keep the same fragments. */
export const HEDGE_STORE_MS = 1 * SECOND
/** The rest of a stripe is waited for this long beyond its acknowledgement. */
export const LINGER_MS = 5 * SECOND
/** One store request: a megabyte over a slow uplink of 1 Mbit/s. */
export const STORE_MS = 15 * SECOND
/** A busy holder is left alone for this long. */
export const BUSY_MS = 200
/** A holder that is busy this often in a row of one stripe counts as failed, so that no call waits for ever. */
export const BUSY_TRIES_MAX = 20
/** Fragments in one store request: with the longest proofs they still fit its head. */
export const STORE_FRAGMENTS_MAX = 128
/** Segments encoded and placed at once: each holds up to 4 x 16 MiB in memory. */
export const PUT_SEGMENTS_PARALLEL = 2
/** Bytes of fragments in one store request: one receipt serves several, and a connection's buffers stay small. */
export const STORE_BYTES = 512 * KIB
/** Fragments of a stripe for one holder that are no larger than this wait for others that go there, if some are under way already. */
export const JOINED_BYTES_MAX = 16 * KIB
/** Messages with such fragments that one holder has not answered: another fills while one is on its way. */
export const JOINED_UNDER_WAY_MAX = 1
/** Bytes of store requests under way at once over all stripes: the AIMD window's bounds. More would only fill queues. */
export const STORE_WINDOW_BYTES_MIN = 4 * STORE_BYTES
export const STORE_WINDOW_BYTES_START = 16 * STORE_BYTES
export const STORE_WINDOW_BYTES_MAX = 24 * STORE_BYTES
/** A request counts for this much at the least, whatever it carries: small ones are work too, and a few hundred of them keep every holder busy. */
export const STORE_REQUEST_BYTES_MIN = 16 * KIB

/** Puts that can be resumed: a folder's large files and packs have a journal each, of some hundred bytes for every 16 MiB. */
export const PUT_JOURNALS_MAX = 1_000
/** An interrupted put can be resumed for this long: a weekend. Its journal holds the object's secret, so no longer. */
export const INTERRUPTED_PUT_MS = 3 * DAY
/** A put that has finished gives the same link again for this long, for clients that died before they had it. */
export const FINISHED_PUT_MS = 1 * HOUR
/** Journals whose time has come are gone this soon. */
export const PUT_SWEEP_MS = 10 * MINUTE
/** Older receipts are asked after before a put relies on them: who gave them may have left. */
export const RECEIPT_MS_MAX = 6 * HOUR
/** Receipts are gathered for this long before they are written down: ten writes a second, and no more than that to send again. */
export const JOURNAL_WRITE_MS = 100
/** When a put that can be resumed ends early, requests under way may finish for this long, so that they need not be sent again. */
export const WIND_UP_MS = 5 * SECOND

export const HAVE_MS = 3 * SECOND
/** A proof takes reading of up to PROVE_READ_BYTES_MAX from a slow disk. */
export const PROVE_MS = 15 * SECOND
/** One fetch request: up to a megabyte from a home uplink. */
export const FETCH_MS = 10 * SECOND
/** Regions asked at once where a stripe's fragments are looked for. */
export const LOCATE_REGIONS_PARALLEL = 4
/** An answer counts as slow after this, or after SLOW_FACTOR times the mean of those that came, and is replaced by another. */
export const SLOW_FETCH_MS_MIN = 1 * SECOND
export const SLOW_FACTOR = 4
/** Fetch requests of one stripe to one holder under way at once. */
export const FETCHES_PER_HOLDER = 2
/** Bytes asked for in one fetch: large enough to spare requests, small enough that the first bytes come soon. */
export const FETCH_BYTES = 512 * KIB
/** What a reader gets at once: no turn of the event loop deciphers more. */
export const READ_CHUNK_BYTES = 256 * KIB
/** Segments read ahead of the reader: each takes up to 32 MiB of memory. */
export const READ_AHEAD_SEGMENTS = 1

/** Content up to this size stands in the root itself. */
export const INLINE_BYTES_MAX = 4 * KIB
/** Stripe ids in one list: 64 KiB, so that 32 GiB need one list and 64 TiB two levels. */
export const LIST_CHILDREN_MAX = 2_000
/** Levels of lists above the data: more than any size that a double counts exactly. */
export const LIST_DEPTH_MAX = 4
export const ROOT_BYTES_MAX = 128 * KIB
/** Roots kept at hand by whoever has read them: thousands of small objects, and little beside what a process takes. */
export const ROOT_CACHE_BYTES_MAX = 8 * MIB
/** For this long: a released object is still read from a memory for no longer. */
export const ROOT_CACHE_MS = 10 * MINUTE
export const TYPE_CHARS_MAX = 255
/** Nodes remembered for having given damaged fragments: half of the holders of ten large stripes, which have 193 each. */
export const LIARS_MAX = 1_000

/** A stripe is repaired at this share of its fragments; below it an object is at risk until that is done. */
export const REPAIR_SHARE = 0.75
/** How long a holder may be away before what it kept counts as gone: a night's sleep, a move of house by train. */
export const GRACE_MS = 8 * HOUR
/** A fragment is looked for at least this often before it counts as gone, so that neither one bad moment nor a clock that jumps is a departure. */
export const MISSING_ROUNDS_MIN = 4
/** Rounds of looking in one grace period. */
export const CHECKS_PER_GRACE = 8
/** A leader stays for so many rounds of looking: long enough to see a grace period through, short enough that a lazy one does little harm. */
export const CHECKS_PER_EPOCH = 8 * CHECKS_PER_GRACE
/** So many stand-ins, holders that is, have their turn within one period, and after so many all others. */
export const STAND_INS_PER_CHECK = 4
export const STAND_IN_RANKS_MAX = 2 * REGION_SIZE
/** A node that has just started comes after so many others: who comes and goes by the hour never sees a grace period through. */
export const NEWCOMER_RANK = REGION_SIZE
/** Stripes looked at, and rebuilt, at once: the second takes 64 MiB each. */
export const CHECKS_PARALLEL = 32
export const REPAIRS_PARALLEL = 2
/** Stripes that one node looks after at once: what it knows of the holders of one takes up to 40 KB. Of more, stand-ins take care. */
export const CENSUSES_MAX = 4_096
/** What is known of a stripe that this node has not looked at for so many grace periods is forgotten: somebody else does. */
export const CENSUS_GRACES = 2
/** Stripes whose fragments a leaving node hands over at once. */
export const HAND_OVERS_PARALLEL = 4
/** How often a node sees what is due, at most and at least. */
export const DUTY_TICK_MS_MIN = 250
export const DUTY_TICK_MS_MAX = 10 * MINUTE
/** Holders prove what they say so many periods of looking after the last time: within three grace periods, a day by default, also when looks come late. */
export const CHECKS_PER_AUDIT = 3 * CHECKS_PER_GRACE - 2
/** When this share of a stripe goes missing together it is likely a partition: everybody on this side sees the other half die. */
export const MASS_SHARE = 0.4
/** How often in a round of looking a node asks itself whether half of all are gone. */
export const LOOK_OUTS_PER_CHECK = 2
/** Of all holders that a node knows of, so many must be known to tell it from them: half of fewer easily passes for less. */
export const HOLDERS_TELLING_MIN = 24
/** Only who has been away for so much of a grace period counts: most who go for minutes are back by then. */
export const LONG_AWAY_GRACES = 0.5
/** Holders whose coming and going one node remembers, of 100 bytes each. */
export const HOLDERS_KNOWN_MAX = 16_384
/** A mass departure counts as real after so many grace periods; two days by default, longer than most partitions last. */
export const DAMPED_GRACES = 6
/** Unless this little is left: so many times what is needed, or so many more. A half leaves four of 20 in one case of 170. */
export const DANGER_FACTOR = 1.25
export const DANGER_SPARE = 3
/** Stripes whose health is asked at once. */
export const HEALTH_PARALLEL = 8
/** Sets of holders that are told apart where an object's chances are computed: few in small networks, and in large ones it matters little. */
export const HOLDER_SETS_MAX = 32
/**
 * Mean time until a node leaves for good, for the estimate of how long an object lasts when nobody repairs it: a month, as a
 * cautious guess for machines that people run at home. A measured value takes its place once a network has one.
 */
export const NODE_LIFETIME_MS = 30 * DAY
/** How likely a loss may become in the time that an object is said to last. */
export const UNATTENDED_LOSS_MAX = 1 / 1_000

assert(READ_CHUNK_BYTES % 16 === 0, 'the cipher goes on at whole blocks')
assert(FINISHED_PUT_MS < RECEIPT_MS_MAX, 'a finished put is repeated on receipts that are still good')
assert(
  FINISHED_PUT_MS < INTERRUPTED_PUT_MS && RECEIPT_MS_MAX < INTERRUPTED_PUT_MS,
  'what is unfinished is kept longest',
)
assert(WIND_UP_MS < STORE_MS, 'no request outlives its own deadline')
assert(STORE_BYTES <= BODY_BYTES_MAX, 'what one store request carries fits a message')
assert(FETCH_BYTES <= BODY_BYTES_MAX, 'what one fetch asks for fits one reply')
assert(SEGMENT_BYTES_MAX / 64 <= FETCH_BYTES, 'the largest fragment fits one fetch')
assert(STORE_FRAGMENTS_MAX * (PROOF_BYTES_MAX + 12) + KIB <= HEAD_BYTES_MAX, 'indices, proofs and lengths fit a head')
assert(HEALTH_PARALLEL <= HAVE_STRIPES_MAX, 'one question per holder carries all stripes asked at once')
assert(LIST_CHILDREN_MAX * 34 < ROOT_BYTES_MAX && ROOT_BYTES_MAX <= MIB, 'a full list fits the root')
assert(PROVE_STRIPES_MAX * TOTAL_MAX * PROOF_SLICE_BYTES <= BODY_BYTES_MAX, 'all that is proven at once fits a reply')
assert(
  SENDER_SHARE <= SUBNET_SHARE && SUBNET_SHARE < FREE_SHARE,
  'a sender has no more than its subnet, and that no more than what is free',
)
assert(SWEEP_EVERY_MS < EXPIRY_GRACE_MS, 'a grace is not lengthened much by how seldom it is looked at')
assert(SCRUB_PERIOD_MS >= HOUR && SCRUB_PERIOD_MS < LEASE_MS, 'what is kept for a whole lease is verified meanwhile')
assert(
  EVICTION_PAGES_MAX * WALK_PAGE_STRIPES >= 1_000,
  'a put that finds no room looks at a fair part of a small store',
)
