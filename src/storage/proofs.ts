/**
 * Asking nodes to show that they have what they say: some bytes of each fragment, at a place they cannot foresee. What the bytes must be
 * follows from those of the other fragments (coding/codeword.ts).
 */
import { EMPTY, type Bytes } from '../base/bytes.ts'
import { isFailure } from '../base/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import { PROVE_STRIPES_MAX } from '../wire/limits.ts'
import { Gathering } from './gathering.ts'
import { readHolding, type Holding, type HoldingsDeps } from './holdings.ts'
import { BUSY_MS, BUSY_TRIES_MAX, PROVE_MS } from './limits.ts'
import { sliceBytes, type Challenge } from './proof.ts'

export interface ProvenHolding extends Holding {
  /** For each index the bytes that the holder gave, not compared with anything yet. */
  readonly slices: readonly Bytes[]
}

export interface ProofsDeps extends HoldingsDeps {
  readonly clock: Clock
}

export class Proofs {
  private readonly deps: ProofsDeps
  private readonly gathering = new Gathering(PROVE_STRIPES_MAX, this.send.bind(this))

  constructor(deps: ProofsDeps) {
    this.deps = deps
  }

  /** Undefined when the node has none, or gave other bytes than it was asked for. Rejects as a request does. */
  ask(contact: Contact, challenge: Challenge): Promise<ProvenHolding | undefined> {
    return this.gathering.ask(contact, challenge)
  }

  private async send(
    contact: Contact,
    challenges: readonly Challenge[],
  ): Promise<readonly (ProvenHolding | undefined)[]> {
    const { clock, network, overlay, primitives } = this.deps
    for (let tries = 1; ; tries++) {
      try {
        const { holdings, body } = await network.request(contact, 'prove', { challenges }, { timeoutMs: PROVE_MS })
        return challenges.map(({ stripe }, at) =>
          withSlices(readHolding(primitives, stripe, holdings[at]), (body?.[at] ?? EMPTY) as Bytes),
        )
      } catch (error) {
        overlay.onRequestFailed(contact, error)
        if (!isFailure(error, 'busy') || tries >= BUSY_TRIES_MAX) throw error
      }
      // Too much to read at once, or too many ask at once.
      if (challenges.length > 1) return this.sendHalves(contact, challenges)
      await clock.sleep(tries * BUSY_MS)
    }
  }

  private async sendHalves(
    contact: Contact,
    challenges: readonly Challenge[],
  ): Promise<readonly (ProvenHolding | undefined)[]> {
    const middle = challenges.length >> 1
    const first = await this.send(contact, challenges.slice(0, middle))
    return [...first, ...(await this.send(contact, challenges.slice(middle)))]
  }
}

function withSlices(holding: Holding | undefined, part: Bytes): ProvenHolding | undefined {
  if (holding === undefined) return undefined
  const bytes = sliceBytes(holding.header)
  if (part.length !== holding.indices.length * bytes) return undefined
  const slices = holding.indices.map((_, at) => part.subarray(at * bytes, (at + 1) * bytes))
  return { ...holding, slices }
}
