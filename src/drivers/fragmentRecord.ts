/** How a fragment's entry in the store's index is written: fixed length, so that a damaged one shows. */
import { readU32, writeU32, type Bytes } from '../base/bytes.ts'
import { idBytes, ID_BYTES, parseId, type NodeId, type StripeId } from '../base/id.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES } from '../coding/stripe.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { present } from '../base/assert.ts'
import type { StripeHeader } from '../ports/coder.ts'
import { OWNER_BYTES, type Lease } from '../ports/fragmentStore.ts'

/** All about a fragment but its proof and data. */
export interface FragmentRecord {
  readonly header: StripeHeader
  readonly lease: Lease
  readonly proofBytes: number
  readonly dataBytes: number
}

const PROOF_BYTES_AT = HEADER_BYTES
const DATA_BYTES_AT = PROOF_BYTES_AT + 4
const EXPIRY_AT = DATA_BYTES_AT + 4
const SENDER_AT = EXPIRY_AT + 8
/** Whether there is an owner, as one byte 0 or 1, and the owner, zeros where there is none. */
const OWNER_AT = SENDER_AT + ID_BYTES
const RECORD_BYTES = OWNER_AT + 1 + OWNER_BYTES
/** No clock and no lease says more; what does is damage. */
const EXPIRY_MS_MAX = 2 ** 48

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
  const bytes = new Uint8Array(RECORD_BYTES)
  bytes.set(encodeHeader(record.header))
  writeU32(bytes, PROOF_BYTES_AT, record.proofBytes)
  writeU32(bytes, DATA_BYTES_AT, record.dataBytes)
  new DataView(bytes.buffer).setFloat64(EXPIRY_AT, record.lease.expiresMs)
  bytes.set(idBytes(record.lease.sender), SENDER_AT)
  if (record.lease.owner !== undefined) {
    bytes[OWNER_AT] = 1
    bytes.set(record.lease.owner, OWNER_AT + 1)
  }
  return bytes
}

/** What a disk gives back is a stranger's: every field is checked that can be. */
export function decodeRecord(bytes: Uint8Array): Result<FragmentRecord> {
  if (bytes.length !== RECORD_BYTES) return fail(`a record has ${String(RECORD_BYTES)} bytes`)
  // Copied, so that the header does not hold on to the database's memory.
  const header = decodeHeader(new Uint8Array(bytes.subarray(0, HEADER_BYTES)))
  if (!header.ok) return header
  const expiresMs = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(EXPIRY_AT)
  if (!Number.isInteger(expiresMs) || expiresMs < 0 || expiresMs > EXPIRY_MS_MAX) return fail('an impossible expiry')
  const owner = decodeOwner(bytes.subarray(OWNER_AT))
  if (!owner.ok) return owner
  const sender = present(parseId<NodeId>(bytes.subarray(SENDER_AT, OWNER_AT)), 'a sender has 32 bytes')
  return ok({
    header: header.value,
    lease: { expiresMs, sender, owner: owner.value },
    proofBytes: readU32(bytes, PROOF_BYTES_AT),
    dataBytes: readU32(bytes, DATA_BYTES_AT),
  })
}

function decodeOwner(bytes: Uint8Array): Result<Bytes | undefined> {
  const [flag] = bytes
  const owner = new Uint8Array(bytes.subarray(1))
  if (flag === 1) return ok(owner)
  return flag === 0 && owner.every((byte) => byte === 0)
    ? ok(undefined)
    : fail('an owner that is neither there nor not')
}
