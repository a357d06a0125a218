/** Every bound of the overlay, with its reason. */
import { assert } from '../base/assert.ts'
import { HOUR, MINUTE, SECOND } from '../base/units.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'

/** Contacts per bucket, and nodes per region: Kademlia's k. */
export const BUCKET_SIZE = 20
export const REGION_SIZE = 20
/** Candidates kept beside a full bucket to take the places of departed contacts. */
export const REPLACEMENTS_MAX = 20

/**
 * Contacts from one IPv4 /24 or IPv6 /48 that hold a place against others: an attacker needs addresses in many networks to fill a
 * table. Those beyond are guests: they stay while nobody else wants the place, so that a company's one network still works.
 */
export const PER_SUBNET_AND_BUCKET = 2
export const PER_SUBNET = 10
/** The same for an IPv4 /16 or IPv6 /32, which one provider can hand out whole. */
export const PER_NETWORK_AND_BUCKET = 5
export const PER_NETWORK = 40

/** Of the contacts in a reply, those that are the nearest; the rest are dealt over the shells farther out, so many to each. */
export const NEAREST_IN_REPLY = 24
export const PER_SHELL_IN_REPLY = 4

/** Requests of one lookup under way at once: Kademlia's alpha. */
export const LOOKUP_PARALLEL = 3
/** As many once the nearest have answered, while shells are asked, or after that many silent nodes: a whole region at once. */
export const LOOKUP_PARALLEL_MAX = REGION_SIZE
/** The nearest-first stage ends after this many requests; an honest one over 10 million nodes needs about 40. */
export const NEAREST_REQUESTS_MAX = 200
/** No lookup asks more nodes than this, whatever it meets. */
export const LOOKUP_REQUESTS_MAX = 1_000
/** A lookup that has not ended by then ends with what it has. */
export const LOOKUP_MS = 2 * MINUTE
/**
 * Of each prefix shell a search by shell asks so many nodes, from this share of liars on. With four liars in five and 128 nodes to a
 * shell, a few honest ones are met in each, which is all it takes.
 */
export const STRATA = [
  { lyingShare: 0.1, quota: 8 },
  { lyingShare: 0.4, quota: 32 },
  { lyingShare: 0.7, quota: 128 },
] as const
/** Walks that keep tables fresh ask no more of each shell than this, so that liars do not make every node busy for ever. */
export const WALK_QUOTA = STRATA[0].quota
/** A search by shell begins at least so many shells before the region, however near this node is itself. */
export const SHELLS_BEFORE_REGION = 4
/** Of the nodes within a region's radius, so many are met nearest-first before they count as a crowd. */
export const WITHIN_RADIUS_MAX = 48
/** Fewer answers than this share of those expected within the radius, and somebody keeps nodes from us. By chance: one in 200. */
export const SPARSE_SHARE = 0.5
/** Networks so small that the size estimate cannot tell a gap from chance. */
export const SPARSE_SIZE_MIN = 100
/** Nodes nearer to a point than one node is to be expected: two by chance, more than twelve once in five million. */
export const CORE_MAX = 12
/** A region takes in more than its radius when a share of nodes lies, but at most so many times as much. */
export const REGION_WIDENING_MAX = 3

/** Where somebody crowds a point, its region reaches so much farther: chance and a wrong size estimate must not leave it to the crowd. */
export const CROWDED_WIDENING = 1.5

/** Of the nodes nearest to a target, how many a node next to it must name. */
export const NAMED_NEAR = 16
/** Missing one may be a node that has just come; missing two is a choice. */
export const OMISSIONS_MAX = 1
/** Fewer witnesses than this say nothing about a share. */
export const WITNESSES_MIN = 8
/** Lookups whose findings about liars count, and how many of the worst are averaged: one region under attack is not a bad network. */
export const SUSPICION_LOOKUPS = 16
export const SUSPICION_WORST = 4
/** How long a finding counts. */
export const SUSPICION_MS = 30 * MINUTE

/** Lookups at independent places from which the network's size is estimated; each alone is off by a quarter. */
export const SIZE_SAMPLES = 16
/**
 * Random points that a node audits after it has joined, one each keep-alive round, for its first estimate of the network's size and of the
 * share of liars. Among four liars to one honest node one audit in seven sees no lie (28 of 200, measured).
 */
export const SOUNDINGS = 5

/** A silent node costs a lookup this long. Round trips around the globe take 0.3 s. */
export const FIND_MS = 3 * SECOND
export const PING_MS = 2 * SECOND
/** A node that was silent once is asked again after this; silent twice, it is gone. */
export const SECOND_PROBE_MS = SECOND
/** How often neighbours that have been quiet are asked whether they are there. */
export const KEEP_ALIVE_MS = 10 * SECOND
/** A contact heard from within this time needs no keep-alive. */
export const QUIET_MS = 30 * SECOND
/** Keep-alives per round, so that a large table costs no more than a small one. */
export const KEEP_ALIVES_PER_ROUND = 4
/** How often a walk to a random point refreshes the table. */
export const REFRESH_MS = 5 * MINUTE
/** One refresh in so many is an audit, with four times the requests. */
export const AUDIT_ODDS = 3
/** How often one of those that were only mentioned is tried. */
export const FEELER_MS = 2 * MINUTE
/** A departed node counts as silent rather than absent for this long: what it held may come back with it. */
export const DEPARTED_MS = HOUR
export const DEPARTED_MAX = 1_000
/** Contacts that are gone for longer and still asked now and then, each round with a chance of one in so many: a partition may last a day. */
export const LOST_MAX = 64
export const LOST_ODDS = 3
/** Contacts written down for the next start: those known for longest, whom no newcomer can push out, and a sample of the others. */
export const ANCHORS = 8
export const PEER_CACHE_MAX = 64
/** How long a region that was looked up or heard of is believed, for reading. Nodes come and go more slowly. */
export const HEARSAY_KEPT_MS = 10 * MINUTE
export const HEARSAY_KEPT_MAX = 256
/** Whom one asks for a region is at least so many bits nearer: the fewer, the fewer others ask the same node, and the longer the way. */
export const HEARSAY_BITS_NEARER = 1
/** How long hearsay may take, and what each hop keeps of it for itself; after that one looks oneself. */
export const HEARSAY_MS = 6 * SECOND
export const HEARSAY_HOP_MS = 800
/** Regions that a node looks for on behalf of others at once, so that strangers cannot make it work without end. */
export const HEARSAY_FOR_OTHERS_MAX = 32

/** Regions resolved at once. */
export const REGIONS_PARALLEL = 4

assert(NEAREST_IN_REPLY > REGION_SIZE, 'a reply names a full region when some of it are gone')
assert(NEAREST_IN_REPLY + 4 * PER_SHELL_IN_REPLY <= CONTACTS_MAX, 'a reply names nodes of four shells farther out')
assert(REGION_SIZE <= BUCKET_SIZE, 'a bucket that is not full knows every node of its part of the space')
assert(NAMED_NEAR < NEAREST_IN_REPLY, 'a node has room in its reply for those it must name')
