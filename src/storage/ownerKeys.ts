/** The keys by which a node's user ends leases early: one for each object, from one secret that the node keeps for itself. */
import type { Bytes } from '../base/bytes.ts'
import { releaseSeed } from '../crypto/derive.ts'
import { KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import type { Random } from '../ports/random.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { ownerTag } from './release.ts'

/** Whoever has it can delete what this node has put, and tell what that is. It never leaves the node. */
const STATE_KEY = 'owner-secret'

export interface OwnerKeysDeps {
  readonly state: StateStore
  readonly random: Random
  readonly primitives: Primitives
}

export class OwnerKeys {
  private readonly deps: OwnerKeysDeps
  private reading: Promise<Bytes> | undefined

  constructor(deps: OwnerKeysDeps) {
    this.deps = deps
  }

  /** The Ed25519 seed of the owner of the object with this secret. Rejects as the state store does. */
  async seed(objectSecret: Uint8Array): Promise<Bytes> {
    this.reading ??= this.secret()
    try {
      return releaseSeed(this.deps.primitives, await this.reading, objectSecret)
    } catch (error) {
      this.reading = undefined
      throw error
    }
  }

  /** What leases call that owner. */
  async tag(objectSecret: Uint8Array): Promise<Bytes> {
    const { primitives } = this.deps
    return ownerTag(primitives, primitives.publicKey(await this.seed(objectSecret)))
  }

  private async secret(): Promise<Bytes> {
    const { state, random } = this.deps
    const known = await state.get(STATE_KEY)
    if (known?.length === KEY_BYTES) return known
    const made = random.bytes(KEY_BYTES)
    await state.put(STATE_KEY, made)
    return made
  }
}
