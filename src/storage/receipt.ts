/** A holder's signed word that it keeps certain fragments of a stripe until a certain time. */
import { concat, utf8, writeU32, type Bytes } from '../base/bytes.ts'
import { idBytes, type NodeId, type StripeId } from '../base/id.ts'
import { nodeIdOf } from '../crypto/derive.ts'
import type { Primitives } from '../ports/primitives.ts'

export interface Receipt {
  /** Of the holder, Ed25519. */
  readonly publicKey: Bytes
  readonly expiresMs: number
  readonly signature: Bytes
}

const LABEL = utf8('mainframe/receipt/1\0')

/** The bytes that are signed: label, stripe id, sender's node id, expiry as two u32, then one byte per fragment index. */
export function receiptMessage(terms: {
  readonly stripe: StripeId
  readonly sender: NodeId
  readonly expiresMs: number
  readonly indices: readonly number[]
}): Bytes {
  const expiry = new Uint8Array(8)
  writeU32(expiry, 0, Math.floor(terms.expiresMs / 2 ** 32))
  writeU32(expiry, 4, terms.expiresMs % 2 ** 32)
  return concat(LABEL, idBytes(terms.stripe), idBytes(terms.sender), expiry, Uint8Array.from(terms.indices))
}

/** Whether `holder` itself signed exactly this. */
export function isReceiptValid(
  primitives: Primitives,
  receipt: Receipt,
  holder: NodeId,
  terms: { readonly stripe: StripeId; readonly sender: NodeId; readonly indices: readonly number[] },
): boolean {
  if (nodeIdOf(primitives, receipt.publicKey) !== holder) return false
  const message = receiptMessage({ ...terms, expiresMs: receipt.expiresMs })
  return primitives.verify(receipt.publicKey, message, receipt.signature)
}
