/**
 * The contacts written down for the next start, so that a node needs nobody's list to come back: anchors, which it has known for
 * longest and which nobody who came yesterday can replace, and a sample of the others.
 */
import type { NodeId } from '../base/id.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { ADDRESSES_MAX, ADDRESS_CHARS_MAX } from '../wire/limits.ts'
import { decodeAs, encodeAs, id, list, record, text, uint } from '../wire/schema.ts'
import type { KnownContact } from './bucket.ts'
import { ANCHORS, PEER_CACHE_MAX } from './limits.ts'

const KEY = 'overlay/contacts'
const BYTES_MAX = 256 * 1024
const TIME_MS_MAX = 2 ** 48

const schema = list(
  record({ id: id<NodeId>(), addresses: list(text(ADDRESS_CHARS_MAX), ADDRESSES_MAX), sinceMs: uint(TIME_MS_MAX) }),
  ANCHORS + PEER_CACHE_MAX,
)

export type RememberedContact = Omit<KnownContact, 'lastHeardMs'>

/** The contacts of the last run, anchors first; none when there was none or what it wrote cannot be read. */
export async function loadPeers(state: StateStore): Promise<readonly RememberedContact[]> {
  const bytes = await state.get(KEY)
  if (bytes === undefined) return []
  const decoded = decodeAs(schema, bytes, BYTES_MAX)
  return decoded.ok ? decoded.value : []
}

/** Keeps the anchors and, of the others in their order, an even sample when there are more than fit: near and far ones alike. */
export async function savePeers(state: StateStore, contacts: readonly RememberedContact[]): Promise<void> {
  if (contacts.length === 0) return
  const anchors = [...contacts].sort((a, b) => a.sinceMs - b.sinceMs).slice(0, ANCHORS)
  const others = contacts.filter((contact) => !anchors.includes(contact))
  const kept = [...anchors, ...evenSample(others, PEER_CACHE_MAX)]
  await state.put(
    KEY,
    encodeAs(
      schema,
      kept.map(({ id, addresses, sinceMs }) => ({ id, addresses, sinceMs: Math.round(sinceMs) })),
    ),
  )
}

function evenSample<T>(from: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, from.length / count)
  return from.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step)).slice(0, count)
}
