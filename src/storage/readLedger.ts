/** What reading has met with: fragments that proved themselves, fragments that did not, and who gave those. */
import type { NodeId } from '../base/id.ts'
import { LIARS_MAX } from './limits.ts'

export class ReadLedger {
  verifiedCount = 0
  damagedCount = 0
  decodedStripeCount = 0
  private readonly damagedBy = new Map<NodeId, number>()

  onVerified(): void {
    this.verifiedCount++
  }

  onDecoded(): void {
    this.decodedStripeCount++
  }

  onDamaged(giver: NodeId): void {
    this.damagedCount++
    const known = this.damagedBy.get(giver)
    // A flood of fresh identities must not push out those already known.
    if (known === undefined && this.damagedBy.size >= LIARS_MAX) return
    this.damagedBy.set(giver, (known ?? 0) + 1)
  }

  isLiar(id: NodeId): boolean {
    return this.damagedBy.has(id)
  }

  /** The worst first. */
  liars(): readonly { readonly id: NodeId; readonly damaged: number }[] {
    return [...this.damagedBy].map(([id, damaged]) => ({ id, damaged })).sort((a, b) => b.damaged - a.damaged)
  }
}
