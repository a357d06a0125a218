/**
 * Which connections make way for others where a node has as many as it may: home routers keep a table of them, and forget what does
 * not fit. Absent on purpose: closing them, and what makes a peer a contact. PeerNetwork closes, the overlay says.
 */
import { CROWDED_IDLE_MS, STRANGERS_SHARE } from './limits.ts'

export interface OpenConnection {
  /** Somebody waits for something over it, or it is not greeted yet. */
  readonly isBusy: boolean
  /** Of a peer that this node's table has; all others are strangers. */
  readonly isContact: boolean
  readonly isOutgoing: boolean
  readonly lastUsedMs: number
}

/** Whose place one more dial takes: that of the idle stranger longest unused, else of the idle contact; undefined when all are busy. */
export function placeForDial<C extends OpenConnection>(open: readonly C[]): C | undefined {
  const idle = open.filter(({ isBusy }) => !isBusy)
  return longestUnused(idle.filter(({ isContact }) => !isContact)) ?? longestUnused(idle)
}

/**
 * Where a peer that dials in is put: in free room, in the place of another, or nowhere (undefined). A contact comes in as a dial of ours
 * would. Strangers have a share of the room and push out nobody but strangers of whom nothing has been heard for a while.
 */
export function placeForInbound<C extends OpenConnection>(
  open: readonly C[],
  { isContact, connectionsMax, nowMs }: { isContact: boolean; connectionsMax: number; nowMs: number },
): C | 'free' | undefined {
  const isFull = open.length >= connectionsMax
  if (isContact) return isFull ? placeForDial(open) : 'free'
  const strangers = open.filter((each) => !each.isContact && !each.isOutgoing)
  if (!isFull && strangers.length < connectionsMax * STRANGERS_SHARE) return 'free'
  return longestUnused(strangers.filter(({ isBusy, lastUsedMs }) => !isBusy && lastUsedMs <= nowMs - CROWDED_IDLE_MS))
}

function longestUnused<C extends OpenConnection>(open: readonly C[]): C | undefined {
  let longest: C | undefined
  for (const each of open) if (longest === undefined || each.lastUsedMs < longest.lastUsedMs) longest = each
  return longest
}
