/** The nodes of one attacker, who know each other without asking: who they are, and which are nearest to a point. */
import type { NodeId, Point } from '../../base/id.ts'
import type { Contact } from '../../ports/connection.ts'
import { IdOrder } from '../idOrder.ts'

export class Conspiracy {
  private readonly members = new Map<NodeId, Contact>()
  /** Undefined after somebody joined, until it is asked for. */
  private order: IdOrder | undefined

  constructor(members: readonly Contact[] = []) {
    for (const member of members) this.add(member)
  }

  get size(): number {
    return this.members.size
  }

  add(member: Contact): void {
    this.members.set(member.id, member)
    this.order = undefined
  }

  has(id: NodeId): boolean {
    return this.members.has(id)
  }

  /** The members nearest to the point, nearest first. */
  nearest(point: Point, count: number): readonly Contact[] {
    this.order ??= new IdOrder([...this.members.values()])
    return this.order.nearest(point, count)
  }
}
