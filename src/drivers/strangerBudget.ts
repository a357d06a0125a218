/**
 * How many unknown keys are checked for peers that came unasked, by where they come from and altogether, in each minute. A key costs
 * a stranger nothing to make and this node a run of the puzzle, so what one neighbourhood may ask for is bounded.
 * Absent on purpose: keys already known, which cost nothing and are never counted.
 */
import { isIP } from 'node:net'
import { MINUTE } from '../base/units.ts'
import { STRANGERS_PER_BLOCK_MAX, STRANGERS_PER_MINUTE_MAX } from './limits.ts'
import { isLoopback } from './listening.ts'

/** The first three of an IPv6 address's eight groups are 48 bits, what a site has. */
const IPV6_SITE_GROUPS = 3

export class StrangerBudget {
  private readonly perBlock: number
  private readonly perMinute: number
  private readonly spent = new Map<string, number>()
  private spentTotal = 0
  private minuteEndsMs = Number.NEGATIVE_INFINITY

  /** How many in a minute: from one IPv4 /24 or IPv6 /48, and from everywhere. */
  constructor({ perBlock = STRANGERS_PER_BLOCK_MAX, perMinute = STRANGERS_PER_MINUTE_MAX } = {}) {
    this.perBlock = perBlock
    this.perMinute = perMinute
  }

  /**
   * Whether one more key may be checked for a peer at `host`, an IP address; if so it is spent. Loopback is no neighbourhood: those
   * are this machine's own nodes, or everyone, behind a forwarder.
   */
  spend(host: string, nowMs: number): boolean {
    if (nowMs >= this.minuteEndsMs) {
      this.minuteEndsMs = nowMs + MINUTE
      this.spent.clear()
      this.spentTotal = 0
    }
    const block = isLoopback(host) ? undefined : blockOf(host)
    const spentHere = block === undefined ? 0 : (this.spent.get(block) ?? 0)
    if (this.spentTotal >= this.perMinute || spentHere >= this.perBlock) return false
    this.spentTotal++
    if (block !== undefined) this.spent.set(block, spentHere + 1)
    return true
  }
}

/** The IPv4 /24 or IPv6 /48. */
function blockOf(host: string): string {
  if (isIP(host) !== 6) return host.slice(0, host.lastIndexOf('.'))
  const [beforeGap = ''] = host.toLowerCase().split('::')
  const groups = [...beforeGap.split(':'), '0', '0', '0'].slice(0, IPV6_SITE_GROUPS)
  return groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')
}
