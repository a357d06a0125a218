/**
 * Roots that were read of late, as they lie in the network: enciphered. Small objects are nothing but their root, so that one that is
 * wanted again and again costs its holders one answer. What is here was verified against its id when it came, and cannot change.
 * Absent on purpose: what asks how an object is. That is the network's to say, not a memory's.
 */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import type { Clock } from '../ports/clock.ts'
import { ROOT_CACHE_BYTES_MAX, ROOT_CACHE_MS } from './limits.ts'

interface Cached {
  readonly cipher: Bytes
  readonly sinceMs: number
}

export class RootCache {
  private readonly clock: Clock
  /** The least recently used first. */
  private readonly roots = new Map<StripeId, Cached>()
  private bytes = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  get(root: StripeId): Bytes | undefined {
    const cached = this.roots.get(root)
    if (cached === undefined) return undefined
    this.drop(root)
    if (this.clock.now() - cached.sinceMs > ROOT_CACHE_MS) return undefined
    this.keep(root, cached)
    return cached.cipher
  }

  put(root: StripeId, cipher: Bytes): void {
    this.drop(root)
    this.keep(root, { cipher, sinceMs: this.clock.now() })
    for (const oldest of this.roots.keys()) {
      if (this.bytes <= ROOT_CACHE_BYTES_MAX) break
      this.drop(oldest)
    }
  }

  /** Its owner has let it go, or nobody needs it. */
  drop(root: StripeId): void {
    this.bytes -= this.roots.get(root)?.cipher.length ?? 0
    this.roots.delete(root)
  }

  private keep(root: StripeId, cached: Cached): void {
    this.bytes += cached.cipher.length
    this.roots.set(root, cached)
  }
}
