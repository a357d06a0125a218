/** Every bound of the HTTP door, with its reason; related to one another by the assertions at the end. */
import { assert } from '../base/assert.ts'
import { KIB, MIB, MINUTE, SECOND } from '../base/units.ts'

/** Request line and headers together: a link with a long path and a token fit four times over. */
export const HEADER_BYTES_MAX = 16 * KIB
/** A client sends its headers at once; one that does not is stuck or hostile. */
export const HEADERS_MS_MAX = 10 * SECOND
/** An idle kept-alive connection costs a descriptor; a client's next request comes sooner or opens another. */
export const KEEP_ALIVE_MS = 5 * SECOND
/** Connections at once: browsers open six each, and nothing but local programs can connect. */
export const CONNECTIONS_MAX = 512
/** A client that neither sends nor takes a byte for this long is gone without having said so. A paused pager is not. */
export const IDLE_MS_MAX = 10 * MINUTE
/** Answers that are not streams are given within this, unless the request says otherwise: people wait no longer. */
export const ANSWER_MS_DEFAULT = 30 * SECOND
/** The longest deadline a request may set: what takes longer needs none. Below the timers' overflow at 24.8 days. */
export const TIMEOUT_MS_MAX = 7 * 24 * 60 * MINUTE
/** Responses under way when the door closes may finish for this long. */
export const STOP_MS_MAX = 10 * SECOND
/**
 * After an early refusal the rest of an upload is read and dropped for this long, so that the client sees the refusal and no reset;
 * after a failure amid a download, what was sent already may still arrive for this long.
 */
export const LINGER_MS_MAX = 2 * SECOND
/** One write to the socket. Small writes cost a system call each. */
export const WRITE_BYTES = 256 * KIB
/** Progress lines come at most this often. */
export const PROGRESS_MS = 250
/** A silent upload still gets a progress line this often, so that the client knows the node is alive. */
export const HEARTBEAT_MS = 5 * SECOND
/** Longest stored media type, as PutOptions has it. */
export const TYPE_CHARS_MAX = 255
/** Longest path inside a directory, as TreeEntry has it. */
export const PATH_BYTES_MAX = 4096
/** An unread part of a response's queue beyond which the producer waits. */
export const QUEUE_BYTES_MAX = 2 * MIB

assert(STOP_MS_MAX < IDLE_MS_MAX, 'a stop does not wait for a client that is gone')
assert(HEADER_BYTES_MAX > 2 * PATH_BYTES_MAX, 'the longest path fits, with room for what needs escaping')
assert(QUEUE_BYTES_MAX >= 2 * WRITE_BYTES, 'the queue holds two writes, so that the socket never idles')
