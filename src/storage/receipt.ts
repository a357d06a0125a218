/** A holder's signed word that it keeps certain fragments of a stripe until a certain time. */
import { concat, utf8, writeU32, type Bytes } from '../base/bytes.ts'
import { idBytes, type NodeId, type StripeId } from '../base/id.ts'
import type { NodeIds } from '../crypto/nodeIds.ts'
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

/**
 * Whether `holder` itself signed exactly this. The signature is looked at first: it costs less than an id, where ids cost a puzzle and
 * the key has not been seen at work lately. Rejects as NodeIds.isIdOf does.
 */
export async function isReceiptValid(
  { primitives, ids }: { readonly primitives: Primitives; readonly ids: NodeIds },
  receipt: Receipt,
  holder: NodeId,
  terms: { readonly stripe: StripeId; readonly sender: NodeId; readonly indices: readonly number[] },
): Promise<boolean> {
  return isSigned(primitives, receipt, terms) && (await ids.isIdOf(holder, receipt.publicKey))
}

function isSigned(
  primitives: Primitives,
  receipt: Receipt,
  terms: { readonly stripe: StripeId; readonly sender: NodeId; readonly indices: readonly number[] },
): boolean {
  const message = receiptMessage({ ...terms, expiresMs: receipt.expiresMs })
  return primitives.verify(receipt.publicKey, message, receipt.signature)
}
