/**
 * Who is at the other end of a TLS socket: the node whose key TLS has seen at work, by the id that this key has in the network.
 * Absent on purpose: whether that is the node one wanted, and connections. The transport judges those.
 */
import type { TLSSocket } from 'node:tls'
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { orAborted } from '../base/signals.ts'
import { printPuzzle } from '../crypto/idPuzzle.ts'
import type { NodeIds, Verdict } from '../crypto/nodeIds.ts'
import { certifiedKey } from './certificate.ts'
import type { StrangerBudget } from './strangerBudget.ts'

export class PeerProof {
  private readonly ids: NodeIds
  private readonly strangers: StrangerBudget

  constructor(ids: NodeIds, strangers: StrangerBudget) {
    this.ids = ids
    this.strangers = strangers
  }

  /** For a socket that this node opened. Rejects with `refused`, or as the signal says. */
  async ofDialled(socket: TLSSocket, signal: AbortSignal): Promise<NodeId> {
    const key = provenKey(socket)
    const verdict = this.ids.known(key) ?? (await orAborted(this.ids.judge(key, 'own'), signal))
    return this.admitted(socket, verdict)
  }

  /**
   * For a socket that a peer at `host` opened, with the key proven on it. Rejects with `refused`, and with `busy` when the peer's
   * neighbourhood has had its share of checks, or too many wait.
   */
  async ofAccepted(socket: TLSSocket, key: Bytes, host: string): Promise<NodeId> {
    return this.admitted(socket, this.ids.known(key) ?? (await this.strangersVerdict(key, host)))
  }

  /** What two nodes must have in common to find each other's ids right, for messages. */
  get terms(): string {
    return `its network and its puzzle for ids (here: ${printPuzzle(this.ids.puzzled?.puzzle)})`
  }

  private strangersVerdict(key: Bytes, host: string): Promise<Verdict> {
    if (this.ids.isUnderWay(key) || this.strangers.spend(host, performance.now()))
      return this.ids.judge(key, 'stranger')
    throw new Failure('busy', 'too many new keys from there, or altogether, in this minute')
  }

  /** The check takes time, in which the peer may have left. */
  private admitted(socket: TLSSocket, verdict: Verdict): NodeId {
    if (socket.destroyed) throw new Failure('refused', 'the peer closed the connection during the check of its id')
    if (verdict !== 'unsolved') return verdict
    throw new Failure('refused', `the peer's key does not solve this network's puzzle: check ${this.terms}`)
  }
}

/** The key that TLS has seen at work on this socket. Throws `refused` for a peer that proves no Ed25519 key now. */
export function provenKey(socket: TLSSocket): Bytes {
  const certificate = socket.getPeerX509Certificate()
  const publicKey = certificate && certifiedKey(certificate)
  if (publicKey === undefined) throw new Failure('refused', 'the peer shows no Ed25519 certificate')
  if (socket.isSessionReused()) throw new Failure('refused', 'the peer resumed a session instead of proving its key')
  return publicKey
}
