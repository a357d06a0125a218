/** Every bound of the overlay, with its reason. */
import { assert } from '../base/assert.ts'
import { HOUR, MINUTE, SECOND } from '../base/units.ts'
import { CONTACTS_MAX } from '../wire/limits.ts'

/** Contacts per bucket, and nodes per region: Kademlia's k. */
export const BUCKET_SIZE = 20
export const REGION_SIZE = 20
/** Candidates kept beside a full bucket to take the places of departed contacts. */
export const REPLACEMENTS_MAX = 20
/** Requests of one lookup under way at once: Kademlia's alpha. */
export const LOOKUP_PARALLEL = 3
/** A lookup that has asked this many nodes ends with what it has. An honest one over 10 million nodes needs about 40. */
export const LOOKUP_REQUESTS_MAX = 200
/** A silent node costs a lookup this long. Round trips around the globe take 0.3 s. */
export const FIND_MS = 3 * SECOND
export const PING_MS = 2 * SECOND
/** How often neighbours that have been quiet are asked whether they are there. */
export const KEEP_ALIVE_MS = 10 * SECOND
/** A contact heard from within this time needs no keep-alive. */
export const QUIET_MS = 30 * SECOND
/** Keep-alives per round, so that a large table costs no more than a small one. */
export const KEEP_ALIVES_PER_ROUND = 4
/** How often a walk to a random point refreshes the table. */
export const REFRESH_MS = 5 * MINUTE
/** A departed node counts as silent rather than absent for this long: what it held may come back with it. */
export const DEPARTED_MS = HOUR
export const DEPARTED_MAX = 1_000
/** Contacts written down for the next start. */
export const PEER_CACHE_MAX = 64
/** Regions resolved at once. */
export const REGIONS_PARALLEL = 4

assert(CONTACTS_MAX >= 1.5 * REGION_SIZE, 'a third of the contacts in a reply may be gone, and a region is still full')
assert(REGION_SIZE <= BUCKET_SIZE, 'a bucket that is not full knows every node of its part of the space')
