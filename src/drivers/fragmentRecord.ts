/** How a fragment's entry in the store's index is written: fixed length, so that a damaged one shows. */
import { readU32, writeU32, type Bytes } from '../base/bytes.ts'
import { idBytes, ID_BYTES, parseId, type NodeId, type StripeId } from '../base/id.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { present } from '../base/assert.ts'
import type { StripeHeader } from '../ports/coder.ts'
import type { Lease } from '../ports/fragmentStore.ts'

/** All about a fragment but its proof and data. */
export interface FragmentRecord {
  readonly header: StripeHeader
  readonly lease: Lease
  readonly proofBytes: number
  readonly dataBytes: number
}

const VERSION = 1
/** version 1, needed 1, total-1 1, segment bytes 4, Merkle root 32, proof bytes 4, data bytes 4, expiry 8, sender 32 */
const RECORD_BYTES = 87
const ROOT_AT = 7
const EXPIRY_AT = 47
const SENDER_AT = 55

/** Stripe id and index: the fragments of a stripe are neighbours, in order. */
export function fragmentKey(stripe: StripeId, index: number): Bytes {
  const key = new Uint8Array(ID_BYTES + 1)
  key.set(idBytes(stripe))
  key[ID_BYTES] = index
  return key
}

/** The key just beyond the last that a stripe's fragments can have. */
export function keyAfterStripe(stripe: StripeId): Bytes {
  const key = new Uint8Array(ID_BYTES + 2)
  key.set(idBytes(stripe))
  key[ID_BYTES] = 0xff
  return key
}

export function encodeRecord(record: FragmentRecord): Bytes {
  const { header, lease } = record
  const bytes = new Uint8Array(RECORD_BYTES)
  bytes.set([VERSION, header.needed, header.total - 1])
  writeU32(bytes, 3, header.segmentBytes)
  bytes.set(header.merkleRoot, ROOT_AT)
  writeU32(bytes, 39, record.proofBytes)
  writeU32(bytes, 43, record.dataBytes)
  new DataView(bytes.buffer).setFloat64(EXPIRY_AT, lease.expiresMs)
  bytes.set(idBytes(lease.sender), SENDER_AT)
  return bytes
}

/** What a disk gives back is a stranger's: every field is checked that can be. */
export function decodeRecord(bytes: Uint8Array): Result<FragmentRecord> {
  if (bytes.length !== RECORD_BYTES) return fail(`a record has ${String(RECORD_BYTES)} bytes`)
  const [version, needed = 0, lastIndex = 0] = bytes
  if (version !== VERSION) return fail('unknown version')
  if (needed < 1 || needed > lastIndex + 1) return fail('impossible code')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const expiresMs = view.getFloat64(EXPIRY_AT)
  if (!Number.isFinite(expiresMs)) return fail('impossible expiry')
  return ok({
    header: {
      needed,
      total: lastIndex + 1,
      segmentBytes: readU32(bytes, 3),
      merkleRoot: new Uint8Array(bytes.subarray(ROOT_AT, ROOT_AT + 32)),
    },
    lease: { expiresMs, sender: present(parseId<NodeId>(bytes.subarray(SENDER_AT)), 'the sender fills the rest') },
    proofBytes: readU32(bytes, 39),
    dataBytes: readU32(bytes, 43),
  })
}
