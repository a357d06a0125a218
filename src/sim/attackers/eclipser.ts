/**
 * An attacker that wants a victim to know nobody but its own nodes: they keep introducing themselves to it, ask it about
 * everything so that it learns of them, and lie when it asks. Where they stand is the world's concern (addresses, ids).
 */
import { SECOND } from '../../base/units.ts'
import type { Contact } from '../../ports/connection.ts'
import type { Attack } from './attack.ts'
import type { Conspiracy } from './conspiracy.ts'
import { liar } from './liar.ts'

const TIMEOUT_MS = 5 * SECOND

export interface EclipseOptions {
  readonly conspiracy: Conspiracy
  readonly victim: () => Contact
  /** How often each node calls on the victim. */
  readonly everyMs: number
}

export function eclipser({ conspiracy, victim, everyMs }: EclipseOptions): Attack {
  return {
    ...liar(conspiracy),
    act: async ({ network, clock, random }, signal) => {
      while (!signal.aborted) {
        const waitMs = random.integer(2 * everyMs) + 1
        await clock.sleep(waitMs, signal).catch(() => undefined)
        const options = { timeoutMs: TIMEOUT_MS, signal }
        await network.request(victim(), 'ping', {}, options).catch(() => undefined)
        await network.request(victim(), 'find', { target: network.self.id }, options).catch(() => undefined)
      }
    },
  }
}
