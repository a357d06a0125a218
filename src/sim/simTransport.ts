/**
 * The Transport port over the simulated network: listening and dialling at addresses `sim://<IPv4>:<node>`. Connecting takes
 * as many trips as TCP and TLS 1.3 do. A machine whose process is down refuses at once, one that is off, cut off or behind a NAT
 * is silent. A NAT lets in no further connection because one stands: its hole is for that one alone.
 */
import { assert } from '../base/assert.ts'
import { abortFailure, Failure } from '../base/failure.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import { SECOND } from '../base/units.ts'
import type { Address, Channel, Connection, Contact, Transport } from '../ports/connection.ts'
import type { Fabric, Host } from './fabric.ts'
import type { Lifetime } from './lifetime.ts'
import { RETRANSMIT_MS_MAX } from './links.ts'
import { SimConnection } from './simConnection.ts'

/** How long a dialler waits for a silent host when its caller sets no earlier deadline. */
export const DIAL_SILENCE_MS_MAX = 20 * SECOND
/** One-way trips until the listener can answer with its proof: SYN, SYN+ACK, ClientHello. */
export const HANDSHAKE_TRIPS = 3
/** A host sends its first packet again after a second, then ever more rarely (RFC 6298). */
const DIAL_RETRY_MS = SECOND
const HANDSHAKE_BYTES = 2048

interface Dial extends Deferred<Connection> {
  readonly to: Contact
  readonly channel: Channel
  /** Where the peer may be, next one first; those that turned us away are gone. */
  readonly addresses: Address[]
  /** The dialling end, while the word that it stands is on its way. */
  connection?: SimConnection
  isSettled: boolean
}

export class SimTransport implements Transport {
  private readonly fabric: Fabric
  private readonly host: Host
  private readonly life: Lifetime
  // Made when they are needed: in worlds of objects they never are.
  private connections: Set<SimConnection> | undefined
  private dials: Set<Dial> | undefined
  private isListening = false
  private isClosed = false

  constructor(fabric: Fabric, host: Host, life: Lifetime) {
    this.fabric = fabric
    this.host = host
    this.life = life
  }

  get addresses(): readonly Address[] {
    return this.isListening ? [this.host.address] : []
  }

  /** Connections that stand or are being made, of both sides. */
  get connectionCount(): number {
    return this.connections?.size ?? 0
  }

  async listen(onConnection: (connection: Connection) => void): Promise<void> {
    if (this.isClosed) throw new Failure('closed', 'this transport is closed')
    if (this.host.listener !== undefined) throw new Failure('refused', `${this.host.address} is taken`)
    if (this.life.ended) return
    this.isListening = true
    this.host.listener = (dialler, from) => {
      const connection = this.newEnd(from, dialler.channel, { outgoing: false })
      SimConnection.join(dialler, connection)
      onConnection(connection)
    }
    await Promise.resolve()
  }

  async dial(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection> {
    if (signal.aborted) throw abortFailure(signal)
    if (this.isClosed) throw new Failure('closed', 'this transport is closed')
    const addresses = peer.addresses.filter(isSimAddress)
    if (addresses.length === 0) throw new Failure('unreachable', `${peer.id.slice(0, 8)} has no simulated address`)
    const dial: Dial = { ...deferred<Connection>(), to: peer, channel, addresses, isSettled: false }
    const onAbort = (): void => {
      this.abandon(dial, abortFailure(signal))
    }
    const cancelTimeout = this.fabric.clock.schedule(
      this.fabric.clock.elapsedMs + DIAL_SILENCE_MS_MAX,
      this.life,
      () => {
        this.abandon(dial, new Failure('timed-out', `${peer.addresses.join(', ')} is silent`))
      },
    )
    signal.addEventListener('abort', onAbort, { once: true })
    this.dials ??= new Set()
    this.dials.add(dial)
    this.knock(dial, DIAL_RETRY_MS)
    try {
      return await this.life.bind(dial.promise)
    } finally {
      this.dials?.delete(dial)
      cancelTimeout()
      signal.removeEventListener('abort', onAbort)
    }
  }

  async close(): Promise<void> {
    if (this.isListening) this.host.listener = undefined
    this.isListening = false
    this.isClosed = true
    for (const dial of [...(this.dials ?? [])]) this.abandon(dial, new Failure('closed', 'this transport is closed'))
    for (const connection of [...(this.connections ?? [])]) connection.close('this transport is closed')
    // The ends tell their owners in events of this instant, which come before this one.
    await this.fabric.clock.viewFor(this.life).sleep(0)
  }

  /** The process is gone. Its peers get resets, or silence when the host has vanished. */
  crash(): void {
    assert(this.life.ended, 'a transport outlives its process only in being cleared away')
    if (this.isListening) this.host.listener = undefined
    for (const connection of this.connections ?? []) connection.crash()
    this.connections = undefined
  }

  /** One try to reach the peer; over silence another after `retryMs`, at its next address. */
  private knock(dial: Dial, retryMs: number): void {
    const { fabric, host } = this
    const [address = '', ...others] = dial.addresses
    const there = fabric.hostAt(address)
    const arrivalMs =
      there === undefined
        ? fabric.clock.elapsedMs
        : fabric.arrivalMs(host, there, HANDSHAKE_BYTES, dial.channel, HANDSHAKE_TRIPS)
    fabric.clock.schedule(arrivalMs, this.life, () => {
      if (dial.isSettled) return
      if (there !== undefined && fabric.canDial(host, there)) {
        this.meet(dial, there)
        return
      }
      dial.addresses.splice(0, dial.addresses.length, ...others, address)
      fabric.clock.schedule(fabric.clock.elapsedMs + retryMs, this.life, () => {
        if (!dial.isSettled) this.knock(dial, Math.min(2 * retryMs, RETRANSMIT_MS_MAX))
      })
    })
  }

  private meet(dial: Dial, there: Host): void {
    const { fabric, host } = this
    fabric.trace.record(fabric.clock.elapsedMs, 'dial', host.node, there.node, HANDSHAKE_BYTES)
    if (there.listener === undefined) {
      this.turnAway(dial, there, new Failure('unreachable', `nobody listens at ${there.address}`))
    } else if (there.id !== dial.to.id) {
      this.turnAway(dial, there, new Failure('refused', `${there.address} is not ${dial.to.id.slice(0, 8)}`))
    } else {
      dial.connection = this.newEnd(there, dial.channel, { outgoing: true, dial })
      there.listener(dial.connection, host)
    }
  }

  /** The word that this address will not do takes its way back; then the next address is tried, or the dial fails. */
  private turnAway(dial: Dial, there: Host, failure: Failure): void {
    const { fabric, host } = this
    fabric.clock.schedule(fabric.arrivalMs(there, host, HANDSHAKE_BYTES, dial.channel), this.life, () => {
      if (dial.isSettled || !fabric.canReach(there, host)) return
      dial.addresses.shift()
      if (dial.addresses.length === 0) this.abandon(dial, failure)
      else this.knock(dial, DIAL_RETRY_MS)
    })
  }

  private abandon(dial: Dial, failure: Failure): void {
    if (dial.isSettled) return
    dial.isSettled = true
    dial.connection?.close('the dialler gave up')
    dial.reject(failure)
  }

  private newEnd(there: Host, channel: Channel, way: { outgoing: boolean; dial?: Dial }): SimConnection {
    const connection: SimConnection = new SimConnection({
      fabric: this.fabric,
      here: this.host,
      there,
      life: this.life,
      channel,
      outgoing: way.outgoing,
      onOpen: () => {
        if (way.dial !== undefined) welcome(way.dial, connection)
      },
      onEnd: () => {
        this.connections?.delete(connection)
        if (way.dial !== undefined) this.abandon(way.dial, new Failure('unreachable', 'the peer left while connecting'))
      },
    })
    this.connections ??= new Set()
    this.connections.add(connection)
    return connection
  }
}

function welcome(dial: Dial, connection: SimConnection): void {
  dial.isSettled = true
  dial.resolve(connection)
}

/** Whether an address belongs to the simulated network at all; it may still be nobody's. */
export function isSimAddress(address: Address): boolean {
  return address.startsWith('sim://')
}
