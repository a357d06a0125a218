/** A node's contact as people hand it on: `ID@tls://203.0.113.7:4101`. */
import { Failure } from '../base/failure.ts'
import { parseIdText, type NodeId } from '../base/id.ts'
import { parseTlsAddress } from '../drivers/tlsAddress.ts'
import type { Contact } from '../ports/connection.ts'

/** Throws `invalid` for text that is no contact. */
export function parseContact(text: string): Contact {
  const [idText = '', address = '', ...rest] = text.split('@')
  const id = parseIdText<NodeId>(idText)
  if (id !== undefined && rest.length === 0 && parseTlsAddress(address) !== undefined) {
    return { id, addresses: [address] }
  }
  const form = 'ID@tls://ADDRESS:PORT with an ID of 64 hexadecimal digits and a numeric address'
  throw new Failure('invalid', `${JSON.stringify(text.slice(0, 200))} is no contact; it has the form ${form}`)
}

/** By its first address; undefined for a contact without any. */
export function printContact({ id, addresses: [address] }: Contact): string | undefined {
  return address === undefined ? undefined : `${id}@${address}`
}
