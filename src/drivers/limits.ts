/** Every bound of the drivers, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { KIB, MIB, SECOND } from '../base/units.ts'
import { FRAME_BYTES_MAX } from '../ports/connection.ts'

/** TCP, TLS and the preamble together; a loaded home router needs a few seconds, a silent peer must not cost more. */
export const HANDSHAKE_MS_MAX = 10 * SECOND
/** What is still queued when a connection is closed has this long to leave. */
export const CLOSE_MS_MAX = 2 * SECOND
/** The kernel probes a silent peer after this, so that a vanished one is noticed though nobody writes. */
export const KEEP_ALIVE_MS = 30 * SECOND
/** Connections accepted at once; each takes about 100 KiB, most of it OpenSSL's. */
export const INBOUND_CONNECTIONS_MAX = 1024
/** Of those, how many may be between TCP's accept and the preamble: strangers who have proven nothing yet. */
export const HALF_OPEN_CONNECTIONS_MAX = 128
/**
 * Unknown keys that are checked in a minute for peers that came unasked, where ids cost a puzzle: a household, an office or a school
 * whose machines all start at once, ...
 */
export const STRANGERS_PER_BLOCK_MAX = 12
/** ... and the world: ten a second are a sixth of a core under the public puzzle, whoever attacks. Known peers are not counted. */
export const STRANGERS_PER_MINUTE_MAX = 600
/** Connections waiting in the kernel to be accepted: a whole local network starts at once. */
export const LISTEN_BACKLOG = 512
/** Addresses of one peer that are tried; gossip may name more to make this node dial strangers. */
export const DIAL_ADDRESSES_MAX = 6

/** One write to TLS. Writes of 1 KiB reach a twentieth of the throughput of writes of 256 KiB. */
export const WRITE_BYTES = 256 * KIB
/** Chunks below this are copied together; larger ones are handed on as they are. */
export const JOIN_CHUNK_BYTES_MAX = 16 * KIB
/** A connection's queue has room again below this: two writes, so that the socket never idles. */
export const QUEUE_BYTES_ROOM = 2 * WRITE_BYTES
/** A connection whose queue grows beyond this is closed: its peer takes nothing, or its user does not wait for `drained`. */
export const QUEUE_BYTES_MAX = 64 * MIB

/** Bytes in front of a frame: its length, big-endian. */
export const FRAME_HEAD_BYTES = 4

/** Data in one commit of a store: a second's worth for a slow disk, so that nobody waits long behind others. */
export const COMMIT_BYTES_MAX = 32 * MIB
/** Room on the disk that stores leave alone: LMDB needs some even to delete, and so does the rest of the machine. */
export const DISK_RESERVE_BYTES = 64 * MIB

/** Jobs a worker pool accepts beyond those running; their buffers are waiting in memory. */
export const CODER_JOBS_QUEUED_MAX = 256
/** Segments up to this are coded where they are: the way to a thread and back costs as much. */
export const CODER_INLINE_BYTES_MAX = 32 * KIB
/** Worker threads at most: coding is bound by memory bandwidth beyond this. */
export const CODER_WORKERS_MAX = 4
/** A worker with nothing to do ends after this; starting one takes 50 ms. */
export const CODER_IDLE_MS = 30 * SECOND

assert(QUEUE_BYTES_ROOM >= WRITE_BYTES, 'a queue with room takes a whole write')
assert(QUEUE_BYTES_MAX >= 16 * FRAME_BYTES_MAX, 'the queue holds a burst of the largest frames')
assert(STRANGERS_PER_BLOCK_MAX * 16 < STRANGERS_PER_MINUTE_MAX, 'a few neighbourhoods never take all of the checks')
assert(HALF_OPEN_CONNECTIONS_MAX < INBOUND_CONNECTIONS_MAX, 'strangers never take all of the room')
