/**
 * Who may put how much on this node. Where a quota is set, nobody takes all of it once half is used, and nobody sends without end. Told
 * of what is kept and dropped, asked before anything is kept; counts, and decides nothing else.
 * Absent on purpose: the quota itself, which the store holds, and making room (expiry.ts).
 */
import { Failure } from '../base/failure.ts'
import type { NodeId, StripeId } from '../base/id.ts'
import { printSize } from '../base/quantities.ts'
import { HOUR, SECOND } from '../base/units.ts'
import type { HeldStripe } from '../ports/fragmentStore.ts'
import {
  BUSY_MS,
  BUSY_TRIES_MAX,
  FREE_SHARE,
  SENDER_HOURLY_BYTES_MIN,
  SENDER_HOURLY_BYTES_UNBOUNDED,
  SENDER_HOURLY_SHARE,
  SENDER_SHARE,
  SENDERS_RATED_MAX,
  STORE_BYTES,
  SUBNET_SHARE,
} from './limits.ts'

export interface Applicant {
  readonly id: NodeId
  /** Those of one subnet share what a subnet may have (failureDomain.ts). */
  readonly subnet: string
}

/** What one sender has here. */
interface Account {
  bytes: number
  /** Unknown of who has not come by since this node started; his bytes count for no subnet until he does. */
  subnet: string | undefined
}

/** What a sender may send now, and since when. */
interface Allowance {
  readonly bytes: number
  readonly atMs: number
}

export class Admission {
  private readonly quotaBytes: number
  private readonly hourlyBytes: number
  private readonly burstBytes: number
  private readonly accounts = new Map<NodeId, Account>()
  private readonly subnets = new Map<string, number>()
  /** Least recently seen first. */
  private readonly allowances = new Map<NodeId, Allowance>()
  /** What was kept when this node started is counted up to this stripe. */
  private countedUpTo: StripeId | 'none' | 'all' = 'none'

  constructor(quotaBytes: number | undefined) {
    this.quotaBytes = quotaBytes ?? Number.POSITIVE_INFINITY
    const isBounded = quotaBytes !== undefined
    this.hourlyBytes = isBounded
      ? Math.max(quotaBytes * SENDER_HOURLY_SHARE, SENDER_HOURLY_BYTES_MIN)
      : SENDER_HOURLY_BYTES_UNBOUNDED
    // What anyone may have at once anyone may also send at once.
    this.burstBytes = isBounded ? Math.max(quotaBytes * FREE_SHARE, this.hourlyBytes) : this.hourlyBytes
  }

  /** Whether `ask` knows of all that is kept; until then it may admit more. */
  get hasCountedAll(): boolean {
    return this.countedUpTo === 'all'
  }

  /** Who has how many bytes here, most first. */
  occupancy(limit: number): readonly { readonly id: NodeId; readonly bytes: number }[] {
    const senders = [...this.accounts].map(([id, { bytes }]) => ({ id, bytes }))
    return senders.sort((a, b) => b.bytes - a.bytes).slice(0, limit)
  }

  /** Why a large request of somebody who has his share here would be refused; undefined while there is room for everybody. */
  rationing(usedBytes: number): string | undefined {
    if (this.hasFreeRoom(STORE_BYTES, usedBytes)) return undefined
    const { senderMax, subnetMax } = this.shares()
    return `half of the room is used; one sender may have ${printSize(senderMax)} of it, the nodes of one subnet ${printSize(subnetMax)}`
  }

  /**
   * Undefined when the sender may put `bytes` here, and then they count as his until `onSettled`; else why not, and what to do.
   * `usedBytes` is what the store holds.
   */
  ask(sender: Applicant, bytes: number, now: { readonly ms: number; readonly usedBytes: number }): Failure | undefined {
    this.meet(sender)
    const refusal = this.shareRefusal(sender, bytes, now.usedBytes) ?? this.rateRefusal(sender.id, bytes, now.ms)
    if (refusal !== undefined) {
      this.forgetEmpty(sender.id)
      return refusal
    }
    this.spend(sender.id, bytes, now.ms)
    this.charge(sender.id, bytes)
    return undefined
  }

  /** What was asked for is kept, and the store holds `grownBytes` more for it; 0 when it was not kept after all. */
  onSettled(
    sender: NodeId,
    stripe: StripeId,
    { askedBytes, grownBytes }: { askedBytes: number; grownBytes: number },
  ): void {
    // The count that is still under way will meet it.
    this.charge(sender, (this.isCounted(stripe) ? grownBytes : 0) - askedBytes)
  }

  onDropped(sender: NodeId, stripe: StripeId, bytes: number): void {
    if (this.isCounted(stripe)) this.charge(sender, -bytes)
  }

  /** The next page of what is kept, ascending: how occupancy is known again after a start. */
  onCounted(page: readonly HeldStripe[]): void {
    for (const { stripe, fragments } of page) {
      for (const { lease, bytes } of fragments) this.charge(lease.sender, bytes)
      this.countedUpTo = stripe
    }
  }

  onAllCounted(): void {
    this.countedUpTo = 'all'
  }

  private isCounted(stripe: StripeId): boolean {
    return this.countedUpTo === 'all' || (this.countedUpTo !== 'none' && stripe <= this.countedUpTo)
  }

  private shareRefusal(sender: Applicant, bytes: number, usedBytes: number): Failure | undefined {
    if (this.hasFreeRoom(bytes, usedBytes)) return undefined
    const { senderMax, subnetMax } = this.shares()
    if (bytes + (this.accounts.get(sender.id)?.bytes ?? 0) > senderMax) return noShare('you', senderMax)
    if (bytes + (this.subnets.get(sender.subnet) ?? 0) > subnetMax)
      return noShare('the nodes of your subnet', subnetMax)
    return undefined
  }

  private hasFreeRoom(bytes: number, usedBytes: number): boolean {
    return usedBytes + bytes <= this.quotaBytes * FREE_SHARE
  }

  private shares(): { readonly senderMax: number; readonly subnetMax: number } {
    return { senderMax: this.quotaBytes * SENDER_SHARE, subnetMax: this.quotaBytes * SUBNET_SHARE }
  }

  private rateRefusal(id: NodeId, bytes: number, nowMs: number): Failure | undefined {
    const missing = bytes - this.allowanceAt(id, nowMs)
    if (missing <= 0) return undefined
    const waitS = Math.ceil((missing / this.hourlyBytes) * (HOUR / SECOND))
    const hourly = printSize(this.hourlyBytes)
    // A busy holder is sent the same again within moments: in vain where the wait is long, and a body to receive each time.
    return new Failure(
      waitS * SECOND <= BUSY_MS * BUSY_TRIES_MAX ? 'busy' : 'refused',
      `this node takes ${hourly} an hour from one sender; try again in ${String(waitS)} s, or ask other nodes`,
    )
  }

  private allowanceAt(id: NodeId, nowMs: number): number {
    const { bytes, atMs } = this.allowances.get(id) ?? { bytes: this.burstBytes, atMs: nowMs }
    return Math.min(this.burstBytes, bytes + (Math.max(0, nowMs - atMs) / HOUR) * this.hourlyBytes)
  }

  private spend(id: NodeId, bytes: number, nowMs: number): void {
    const left = this.allowanceAt(id, nowMs) - bytes
    this.allowances.delete(id)
    this.allowances.set(id, { bytes: left, atMs: nowMs })
    const [oldest] = this.allowances.keys()
    if (this.allowances.size > SENDERS_RATED_MAX && oldest !== undefined) this.allowances.delete(oldest)
  }

  /** All that the sender has counts for the subnet that he is seen in now. */
  private meet({ id, subnet }: Applicant): void {
    const account = this.accounts.get(id)
    if (account?.subnet === subnet) return
    this.chargeSubnet(account?.subnet, -(account?.bytes ?? 0))
    this.accounts.set(id, { bytes: account?.bytes ?? 0, subnet })
    this.chargeSubnet(subnet, account?.bytes ?? 0)
  }

  private charge(id: NodeId, bytes: number): void {
    const account = this.accounts.get(id) ?? { bytes: 0, subnet: undefined }
    // A page that was read while a put settled may leave a count short by that put.
    const change = Math.max(bytes, -account.bytes)
    account.bytes += change
    this.chargeSubnet(account.subnet, change)
    this.accounts.set(id, account)
    this.forgetEmpty(id)
  }

  /** Strangers must not fill a node's memory by asking. */
  private forgetEmpty(id: NodeId): void {
    if (this.accounts.get(id)?.bytes === 0) this.accounts.delete(id)
  }

  private chargeSubnet(subnet: string | undefined, bytes: number): void {
    if (subnet === undefined) return
    const sum = (this.subnets.get(subnet) ?? 0) + bytes
    if (sum > 0) this.subnets.set(subnet, sum)
    else this.subnets.delete(subnet)
  }
}

function noShare(whose: string, shareBytes: number): Failure {
  return new Failure(
    'no-space',
    `half of this node's room is used, and then it keeps at most ${printSize(shareBytes)} for ${whose}; ask other nodes, or release what is no longer needed`,
  )
}
