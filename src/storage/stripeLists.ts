/** Which stripe is the object's n-th segment: straight from the root, or down through its lists, each read once. */
import { concat } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { StripeId } from '../base/id.ts'
import { listKey } from '../crypto/derive.ts'
import { LIST_CHILDREN_MAX } from './limits.ts'
import { readStripe, type ReadDeps } from './readStripe.ts'
import { decodeList, segmentCount, type Root } from './root.ts'

export class StripeLists {
  private readonly deps: ReadDeps
  private readonly root: Root
  private readonly verifyKey: Uint8Array
  /** By level and position. The lists of a terabyte take 2 MiB. */
  private readonly read = new Map<string, Promise<readonly StripeId[]>>()

  constructor(deps: ReadDeps, root: Root, verifyKey: Uint8Array) {
    this.deps = deps
    this.root = root
    this.verifyKey = verifyKey
  }

  /** The stripe of data segment `position`. Fails as readStripe does. */
  async stripe(position: number, signal: AbortSignal): Promise<StripeId> {
    let children = this.root.children
    for (let level = this.root.depth; level > 0; level--) {
      const listPosition = Math.floor(position / LIST_CHILDREN_MAX ** level)
      children = await this.list(childAt(children, listPosition), level, listPosition, signal)
    }
    return childAt(children, position)
  }

  /** Every stripe of the object below its root: lists first, then data. */
  async *all(signal: AbortSignal): AsyncGenerator<{ readonly id: StripeId; readonly isData: boolean }> {
    let level: readonly StripeId[] = this.root.children
    for (let depth = this.root.depth; depth > 0; depth--) {
      const below: StripeId[] = []
      for (const [position, id] of level.entries()) {
        yield { id, isData: false }
        below.push(...(await this.list(id, depth, position, signal)))
      }
      level = below
    }
    if (level.length !== segmentCount(this.root)) throw new Failure('damaged', 'the lists of the object are incomplete')
    for (const id of level) yield { id, isData: true }
  }

  private async list(id: StripeId, level: number, position: number, signal: AbortSignal): Promise<readonly StripeId[]> {
    const name = `${String(level)}/${String(position)}`
    const reading = this.read.get(name) ?? this.readList(id, level, position, signal)
    this.read.set(name, reading)
    try {
      return await reading
    } catch (error) {
      if (this.read.get(name) === reading) this.read.delete(name)
      // Whoever began to read it has given up; this reader has not.
      if (isFailure(error, 'aborted') && !signal.aborted) return this.list(id, level, position, signal)
      throw error
    }
  }

  private async readList(
    id: StripeId,
    level: number,
    position: number,
    signal: AbortSignal,
  ): Promise<readonly StripeId[]> {
    const { primitives } = this.deps
    const run = await readStripe(this.deps, id, { signal })
    const key = listKey(primitives, this.verifyKey, level, position)
    const decoded = decodeList(primitives.cipher(key, 0, concat(...run.chunks)))
    if (!decoded.ok) throw new Failure('damaged', `a list of the object cannot be read: ${decoded.error}`)
    return decoded.value
  }
}

/** Every list but the last of its level is full, so a position tells the place within its list. */
function childAt(children: readonly StripeId[], position: number): StripeId {
  const child = children[position % LIST_CHILDREN_MAX]
  if (child === undefined) throw new Failure('damaged', 'a list of the object is shorter than its size says')
  return child
}
