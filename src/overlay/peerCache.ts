/** The contacts written down for the next start, so that a node needs nobody's list to come back. */
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { ADDRESSES_MAX, ADDRESS_CHARS_MAX } from '../wire/limits.ts'
import { decodeAs, encodeAs, id, list, record, text } from '../wire/schema.ts'
import { PEER_CACHE_MAX } from './limits.ts'

const KEY = 'overlay/peers'
const BYTES_MAX = 256 * 1024

const schema = list(
  record({ id: id<NodeId>(), addresses: list(text(ADDRESS_CHARS_MAX), ADDRESSES_MAX) }),
  PEER_CACHE_MAX,
)

/** The contacts of the last run; none when there was none or what it wrote cannot be read. */
export async function loadPeers(state: StateStore): Promise<readonly Contact[]> {
  const bytes = await state.get(KEY)
  if (bytes === undefined) return []
  const decoded = decodeAs(schema, bytes, BYTES_MAX)
  return decoded.ok ? decoded.value : []
}

/** Keeps an even sample when there are more than fit: near and far ones alike. */
export async function savePeers(state: StateStore, contacts: readonly Contact[]): Promise<void> {
  if (contacts.length === 0) return
  const step = Math.max(1, contacts.length / PEER_CACHE_MAX)
  const sample: Contact[] = []
  for (let at = 0; at < contacts.length && sample.length < PEER_CACHE_MAX; at += step) {
    const contact = contacts[Math.floor(at)]
    if (contact !== undefined) sample.push(contact)
  }
  await state.put(KEY, encodeAs(schema, sample))
}
