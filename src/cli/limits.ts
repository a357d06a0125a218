/** Every bound of the commands, with its reason. */
import { KIB, MIB, SECOND } from '../base/units.ts'

/** Commands that only ask are done within this, unless --timeout says otherwise. Transfers take as long as they move. */
export const ANSWER_MS_DEFAULT = 30 * SECOND
/** A node says where its home is within this, or is asked no further: saying it takes no work. */
export const HELLO_MS_MAX = 5 * SECOND
/** Of the time given, what is left for the node's own, better answer to arrive before the command gives up. */
export const ANSWER_MARGIN_MS = 500
/** One read from or write to a file: larger ones gain nothing, smaller ones cost a turn through the thread pool each. */
export const FILE_BYTES = MIB
/** Files up to this are read whole: one call instead of a stream. */
export const WHOLE_FILE_BYTES_MAX = 256 * KIB
/** A transfer that breaks off is resumed as long as each attempt moves something, and this often without. */
export const FRUITLESS_RESUMES_MAX = 1
/** Without a terminal, progress is a line this often. */
export const PROGRESS_LINE_MS = 10 * SECOND
/** On a terminal, the bar is redrawn this often. */
export const PROGRESS_BAR_MS = 100
/** Fewer connections or dials a minute than these, and a node cannot hold its place in a network: a region has 20 nodes, in two channels. */
export const CONNECTIONS_ASKED_MIN = 64
export const DIALS_ASKED_MIN = 60
/** `down` waits this long for the node to end: longer than a clean stop takes at most. */
export const DOWN_MS_MAX = 20 * SECOND
