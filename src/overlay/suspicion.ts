/**
 * How far this node trusts the network it is in: the share of liars that its lookups have met of late. In a network of honest nodes
 * it is 0 and lookups are those of plain Kademlia; where many lie, a lookup that they have captured looks in order, and only
 * what other lookups have seen tells to look harder from the start.
 */
import { SUSPICION_LOOKUPS, SUSPICION_MS, SUSPICION_WORST } from './limits.ts'

interface Finding {
  readonly share: number
  readonly atMs: number
}

export class Suspicion {
  private readonly findings: Finding[] = []

  /** A lookup found this share of liars next to its target. */
  onLookup(lyingShare: number, nowMs: number): void {
    this.findings.push({ share: lyingShare, atMs: nowMs })
    if (this.findings.length > SUSPICION_LOOKUPS) this.findings.shift()
  }

  /** 0 to 1: the mean of the worst findings, so that a captured lookup's clean one does not soothe. */
  lyingShare(nowMs: number): number {
    const recent = this.findings.filter(({ atMs }) => nowMs - atMs < SUSPICION_MS).map(({ share }) => share)
    const worst = recent.sort((a, b) => b - a).slice(0, SUSPICION_WORST)
    return worst.reduce((sum, share) => sum + share, 0) / SUSPICION_WORST
  }
}
