/**
 * The Transport port on node:tls: TLS 1.3, both sides present a self-signed certificate, and the node id follows from the key whose
 * possession TLS has proven (peerProof.ts). Chains, names, dates and session resumption have no part in it.
 */
import type { DropArgument, Socket } from 'node:net'
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import { abortFailure, Failure, isFailure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { deferred } from '../base/signals.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import type { Address, Channel, Connection, Contact, Transport } from '../ports/connection.ts'
import type { Primitives } from '../ports/primitives.ts'
import {
  DIAL_ADDRESSES_MAX,
  HALF_OPEN_CONNECTIONS_MAX,
  HANDSHAKE_MS_MAX,
  INBOUND_CONNECTIONS_MAX,
  LISTEN_BACKLOG,
} from './limits.ts'
import { listenAddresses, listenFailure, localAddressFor } from './listening.ts'
import type { NodeIdentity } from './nodeIdentity.ts'
import { PeerProof, provenKey } from './peerProof.ts'
import { preambleOf, readPreamble } from './preamble.ts'
import { StrangerBudget } from './strangerBudget.ts'
import { formatTlsAddress, parseTlsAddress, plainHost, type TlsAddress } from './tlsAddress.ts'
import { TlsConnection, type ConnectionFacts } from './tlsConnection.ts'

export interface TlsTransportOptions {
  readonly identity: NodeIdentity
  readonly primitives: Primitives
  /** Which ids keys have in this network; by default the hash of the key. Whoever gives it closes it. */
  readonly ids?: NodeIds
  /** What peers that come unasked may have checked, where ids cost a puzzle; by default as limits.ts says. */
  readonly strangers?: StrangerBudget
  /** The IP address to listen on and to dial from; `0.0.0.0` or `::` for all. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Where others reach this node, when that is not where it listens (a forwarded port). */
  readonly announce?: readonly Address[]
  /** Told of strangers turned away before they became connections, for logs and counters. */
  readonly onTurnedAway?: (host: string, reason: string) => void
}

/** A preference for the fast cipher; all of TLS 1.3's are good. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384'

export class TlsTransport implements Transport {
  private readonly options: TlsTransportOptions
  private readonly proof: PeerProof
  private readonly context: SecureContext
  private readonly connections = new Set<TlsConnection>()
  /** Sockets that have not become connections: dialled ones, and accepted ones by their remote end. */
  private readonly dialled = new Set<TLSSocket>()
  private readonly halfOpen = new Map<string, Socket>()
  private server: Server | undefined
  private listenedAddresses: readonly Address[] = []
  private whenEmpty: (() => void) | undefined
  private closed = false

  constructor(options: TlsTransportOptions) {
    const { primitives, ids = new NodeIds(primitives), strangers = new StrangerBudget() } = options
    this.options = options
    this.proof = new PeerProof(ids, strangers)
    const { keyPem, certificatePem } = options.identity
    this.context = createSecureContext({ key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3', ciphers: CIPHERS })
  }

  get addresses(): readonly Address[] {
    return this.listenedAddresses
  }

  async listen(onConnection: (connection: Connection) => void): Promise<void> {
    this.refuseWhenClosed()
    const { host, port, announce, identity } = this.options
    const server = createServer({
      key: identity.keyPem,
      cert: identity.certificatePem,
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      requestCert: true,
      // No authority signs these certificates; `proof` judges them.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    })
    server.maxConnections = INBOUND_CONNECTIONS_MAX
    server.on('connection', (socket: Socket) => this.onAccepted(socket))
    server.on('tlsClientError', (error, socket) => this.turnAway(socket, error.message))
    server.on('drop', (facts?: DropArgument) => {
      this.options.onTurnedAway?.(plainHost(facts?.remoteAddress ?? ''), 'too many connections')
    })
    server.on('secureConnection', (socket) => void this.admit(socket, onConnection))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: LISTEN_BACKLOG, exclusive: true }, resolve)
    }).catch((error: unknown) => {
      throw listenFailure(error, host, port)
    })
    server.on('error', (error: Error) => this.options.onTurnedAway?.('', `cannot accept connections: ${error.message}`))
    this.server = server
    this.listenedAddresses = announce ?? listenAddresses(server, host)
  }

  async dial(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection> {
    const targets = peer.addresses.map(parseTlsAddress).filter((target) => target !== undefined)
    let failure = new Failure('unreachable', `node ${peer.id} has no address that this node can dial`)
    for (const target of targets.slice(0, DIAL_ADDRESSES_MAX)) {
      try {
        return await this.dialAddress(target, peer.id, channel, signal)
      } catch (error) {
        if (!isFailure(error) || signal.aborted || this.closed) throw error
        failure = error
      }
    }
    throw failure
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    const listenerClosed = new Promise<void>((resolve) => {
      if (this.server === undefined) resolve()
      else this.server.close(() => resolve())
    })
    for (const socket of [...this.dialled, ...this.halfOpen.values()]) socket.destroy()
    for (const connection of this.connections) connection.close('this node is stopping')
    if (this.connections.size > 0) await new Promise<void>((resolve) => (this.whenEmpty = resolve))
    await listenerClosed
  }

  private async dialAddress(
    target: TlsAddress,
    expected: NodeId,
    channel: Channel,
    signal: AbortSignal,
  ): Promise<Connection> {
    this.refuseWhenClosed()
    if (signal.aborted) throw abortFailure(signal)
    const localAddress = localAddressFor(this.options.host, target.host)
    const socket = connect({
      ...target,
      ...(localAddress === undefined ? {} : { localAddress }),
      secureContext: this.context,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    this.dialled.add(socket)
    try {
      await handshaken(socket, target, signal)
      const peer = await this.proof.ofDialled(socket, signal)
      if (peer !== expected) {
        const who = `${formatTlsAddress(target)} is node ${peer}, not ${expected} as expected`
        throw new Failure('refused', `${who}: another node has taken its address, or check ${this.proof.terms}`)
      }
      socket.write(preambleOf(channel))
      return this.adopt(socket, { peer, channel, outgoing: true, remoteHost: target.host })
    } catch (error) {
      socket.destroy()
      throw this.closed ? new Failure('closed', 'this node is stopping', { cause: error }) : error
    } finally {
      this.dialled.delete(socket)
    }
  }

  private onAccepted(socket: Socket): void {
    if (this.halfOpen.size >= HALF_OPEN_CONNECTIONS_MAX) {
      this.turnAway(socket, 'too many handshakes at once')
      return
    }
    const remoteEnd = remoteEndOf(socket)
    this.halfOpen.set(remoteEnd, socket)
    socket.once('close', () => this.halfOpen.delete(remoteEnd))
  }

  private async admit(socket: TLSSocket, onConnection: (connection: Connection) => void): Promise<void> {
    const remoteHost = plainHost(socket.remoteAddress ?? '')
    const deadline = setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX)
    const ignoreError = (): void => {}
    socket.on('error', ignoreError)
    let connection: TlsConnection
    try {
      const key = provenKey(socket)
      const channel = await readPreamble(socket)
      const peer = await this.proof.ofAccepted(socket, key, remoteHost)
      this.refuseWhenClosed()
      this.halfOpen.delete(remoteEndOf(socket))
      connection = this.adopt(socket, { peer, channel, outgoing: false, remoteHost })
    } catch (error) {
      if (!isFailure(error)) throw error
      this.turnAway(socket, error.message)
      return
    } finally {
      clearTimeout(deadline)
    }
    onConnection(connection)
  }

  private adopt(socket: TLSSocket, facts: ConnectionFacts): TlsConnection {
    const connection = new TlsConnection(socket, facts)
    this.connections.add(connection)
    socket.once('close', () => {
      this.connections.delete(connection)
      if (this.connections.size === 0) this.whenEmpty?.()
    })
    return connection
  }

  private turnAway(socket: Socket, reason: string): void {
    this.options.onTurnedAway?.(plainHost(socket.remoteAddress ?? ''), reason)
    socket.destroy()
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Failure('closed', 'this node is stopping')
  }
}

/** Settles when both sides have agreed on keys; rejects with what stopped them. */
async function handshaken(socket: TLSSocket, target: TlsAddress, signal: AbortSignal): Promise<void> {
  const where = formatTlsAddress(target)
  const outcome = deferred<void>()
  const onAbort = (): void => outcome.reject(abortFailure(signal))
  const deadline = setTimeout(() => {
    outcome.reject(new Failure('timed-out', `${where} did not answer within ${String(HANDSHAKE_MS_MAX)} ms`))
  }, HANDSHAKE_MS_MAX)
  let reached = false
  signal.addEventListener('abort', onAbort, { once: true })
  socket.once('connect', () => (reached = true))
  socket.once('secureConnect', () => outcome.resolve())
  socket.on('error', (error: Error) => outcome.reject(dialFailure(where, reached, error)))
  socket.once('close', () => outcome.reject(dialFailure(where, reached, undefined)))
  try {
    await outcome.promise
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Whoever accepts the connection and then ends it, or speaks no TLS, has declined; else nobody is there. */
function dialFailure(where: string, reached: boolean, cause: Error | undefined): Failure {
  return reached
    ? new Failure('refused', `${where} declined the connection`, { cause })
    : new Failure('unreachable', `nobody answers at ${where}`, { cause })
}

/** An accepted socket and the TLS socket over it agree on this. */
function remoteEndOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${String(socket.remotePort)}`
}
