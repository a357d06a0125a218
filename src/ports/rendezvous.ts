/**
 * A place outside the network where its nodes can meet when they have lost one another: a public DHT, the local link, a DNS name.
 * None is needed while anybody a node remembers is where it was; any one is enough when nobody is. Nothing it says is believed:
 * whoever it names has to answer.
 */
import type { Contact } from './connection.ts'

export interface Rendezvous {
  /** Leaves word of this node; forgotten by itself after an hour or so. Rejects with a failure when the place cannot be reached. */
  announce(self: Contact): Promise<void>
  /** Some that left word lately, in no order, perhaps none. Rejects as `announce` does. */
  find(): Promise<readonly Contact[]>
}
