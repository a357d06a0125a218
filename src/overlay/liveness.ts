/**
 * Who is there and who is gone. Whoever answers stays in the table; whoever is silent twice, a moment apart, has departed, and those
 * that wait for its place are asked.
 */
import { isFailure, type Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Network } from '../ports/network.ts'
import type { Messages } from '../wire/messages.ts'
import { PING_MS, SECOND_PROBE_MS } from './limits.ts'
import type { RoutingTable } from './routingTable.ts'

export interface LivenessDeps {
  readonly clock: Clock
  readonly network: Network<Messages>
  readonly table: RoutingTable
  /** Aborted when the node stops. */
  readonly ending: AbortSignal
}

export class Liveness {
  private readonly deps: LivenessDeps
  private readonly probing = new Map<NodeId, Promise<boolean>>()
  private departures = 0

  constructor(deps: LivenessDeps) {
    this.deps = deps
  }

  /** Departures noticed since the start. */
  get departureCount(): number {
    return this.departures
  }

  /** Asks the contact whether it is there; the table learns the answer. */
  probe(contact: Contact): Promise<boolean> {
    if (contact.id === this.deps.table.self) return Promise.resolve(true)
    const underWay = this.probing.get(contact.id)
    if (underWay !== undefined) return underWay
    const probing = this.ping(contact)
      .then((failure) => failure === undefined || this.verify(contact, failure))
      .finally(() => this.probing.delete(contact.id))
    this.probing.set(contact.id, probing)
    return probing
  }

  /** The addresses that a peer gave itself are better than those under which others mentioned it. */
  onAnswer(contact: Contact): void {
    const { table, clock } = this.deps
    table.onAnswered(table.get(contact.id) ?? contact, clock.now())
  }

  /** A request to the contact failed; only silence says something about its life, and once is not enough. */
  onSilence(contact: Contact, failure: Failure): void {
    if (!isSilence(failure)) return
    this.deps.table.onCandidateFailed(contact.id)
    if (this.deps.table.get(contact.id) !== undefined) void this.probeAgain(contact)
  }

  private probeAgain(contact: Contact): Promise<boolean> {
    const underWay = this.probing.get(contact.id)
    if (underWay !== undefined) return underWay
    const probing = this.secondPing(contact).finally(() => this.probing.delete(contact.id))
    this.probing.set(contact.id, probing)
    return probing
  }

  /** After a first silence: a contact of the table is asked once more, anybody else is forgotten. */
  private async verify(contact: Contact, failure: Failure): Promise<boolean> {
    if (!isSilence(failure)) return false
    this.deps.table.onCandidateFailed(contact.id)
    return this.deps.table.get(contact.id) !== undefined && (await this.secondPing(contact))
  }

  private async secondPing(contact: Contact): Promise<boolean> {
    const { clock, ending } = this.deps
    await clock.sleep(SECOND_PROBE_MS, ending).catch(passOver)
    const failure = await this.ping(contact)
    if (failure !== undefined && isSilence(failure)) this.onDeparted(contact)
    return failure === undefined
  }

  /** Undefined when it answers. */
  private async ping(contact: Contact): Promise<Failure | undefined> {
    try {
      const { network, ending } = this.deps
      await network.request(contact, 'ping', {}, { timeoutMs: PING_MS, signal: ending })
      this.onAnswer(contact)
      return undefined
    } catch (error) {
      if (!isFailure(error)) throw error
      return error
    }
  }

  private onDeparted({ id }: Contact): void {
    const { table, clock } = this.deps
    if (table.get(id) === undefined) return
    this.departures++
    for (const candidate of table.onDeparted(id, clock.now())) void this.probe(candidate)
  }
}

function isSilence(failure: Failure): boolean {
  return failure.code !== 'closed' && failure.code !== 'busy' && failure.code !== 'aborted'
}

/** Failures of the world pass; a defect does not. */
export function passOver(error: unknown): void {
  if (!isFailure(error)) throw error
}
