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

/** A holder's word for fragments of several stripes; expiries stand in their order. */
export interface JointReceipt {
  readonly publicKey: Bytes
  readonly expiresMs: readonly number[]
  readonly signature: Bytes
}

/** Which fragments of which stripe, in the order in which they were sent. */
export interface Kept {
  readonly stripe: StripeId
  readonly indices: readonly number[]
}

const LABEL = utf8('mainframe/receipt/1\0')
const JOINT_LABEL = utf8('mainframe/receipts/1\0')

interface Verifying {
  readonly primitives: Primitives
  readonly ids: NodeIds
}

/** The bytes that are signed: label, stripe id, sender's node id, expiry as two u32, then one byte per fragment index. */
export function receiptMessage({ stripe, sender, expiresMs, indices }: ReceiptTerms): Bytes {
  return concat(LABEL, idBytes(stripe), idBytes(sender), timeBytes(expiresMs), Uint8Array.from(indices))
}

interface ReceiptTerms extends Kept {
  readonly sender: NodeId
  readonly expiresMs: number
}

/** The bytes that are signed: label, sender's node id, then of each stripe its id, expiry as two u32, number of fragments, and one byte per index. */
export function jointReceiptMessage(sender: NodeId, kept: readonly Kept[], expiresMs: readonly number[]): Bytes {
  const each = kept.flatMap(({ stripe, indices }, at) => [
    idBytes(stripe),
    timeBytes(expiresMs[at] ?? 0),
    Uint8Array.of(indices.length),
    Uint8Array.from(indices),
  ])
  return concat(JOINT_LABEL, idBytes(sender), ...each)
}

function timeBytes(ms: number): Bytes {
  const bytes = new Uint8Array(8)
  writeU32(bytes, 0, Math.floor(ms / 2 ** 32))
  writeU32(bytes, 4, ms % 2 ** 32)
  return bytes
}

/**
 * Whether `holder` itself signed exactly this. The signature is looked at first: it costs less than an id, where ids cost a puzzle and
 * the key has not been seen at work lately. Rejects as NodeIds.isIdOf does.
 */
export async function isReceiptValid(
  deps: Verifying,
  { publicKey, expiresMs, signature }: Receipt,
  holder: NodeId,
  terms: Kept & { readonly sender: NodeId },
): Promise<boolean> {
  const message = receiptMessage({ ...terms, expiresMs })
  return deps.primitives.verify(publicKey, message, signature) && (await deps.ids.isIdOf(holder, publicKey))
}

/** The same of a receipt for several stripes. */
export async function isJointReceiptValid(
  deps: Verifying,
  { publicKey, expiresMs, signature }: JointReceipt,
  holder: NodeId,
  { sender, kept }: { readonly sender: NodeId; readonly kept: readonly Kept[] },
): Promise<boolean> {
  if (expiresMs.length !== kept.length) return false
  const message = jointReceiptMessage(sender, kept, expiresMs)
  return deps.primitives.verify(publicKey, message, signature) && (await deps.ids.isIdOf(holder, publicKey))
}
