/** Every identity that has ever lived in a world. What nodes say of others is held against it: nobody else can be named. */
import type { NodeId } from '../../base/id.ts'

/** What is needed of a world; every world has it. */
export interface WithContacts {
  readonly nodeCount: number
  contact(node: number): { readonly id: NodeId }
}

export class EveryId {
  private readonly ids = new Set<NodeId>()

  get size(): number {
    return this.ids.size
  }

  /** Whoever starts a process tells its id, for a disk that is lost takes it out of the world. */
  add(id: NodeId): void {
    this.ids.add(id)
  }

  /** Whether the id has started once, or is now that of a machine which has yet to start. */
  has(id: NodeId, world: WithContacts): boolean {
    if (this.ids.has(id)) return true
    for (let node = 0; node < world.nodeCount; node++) this.ids.add(world.contact(node).id)
    return this.ids.has(id)
  }
}
