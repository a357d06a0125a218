/**
 * An attack by numbers: newcomers that join as anybody may, ask a lot at once, and are gone again, so that the others' tables
 * fill with nodes of no use and their time goes into answering.
 */
import { ID_BYTES, parseId, type Point } from '../../base/id.ts'
import { present } from '../../base/assert.ts'
import { SECOND } from '../../base/units.ts'
import type { Contact } from '../../ports/connection.ts'
import type { SimProcess } from '../machine.ts'
import type { World } from '../world.ts'
import type { Messages } from '../../wire/messages.ts'
import type { Attack } from './attack.ts'

const TIMEOUT_MS = 3 * SECOND

export interface FlooderOptions {
  /** Somebody to ask; a different one each time. */
  readonly anybody: () => Contact
  readonly askEveryMs: number
}

/** One newcomer: honest in its answers, tireless in its questions. */
export function flooder({ anybody, askEveryMs }: FlooderOptions): Attack {
  return {
    replies: {},
    act: async ({ network, clock, random }, signal) => {
      while (!signal.aborted) {
        await clock.sleep(askEveryMs, signal).catch(() => undefined)
        const target: Point = present(parseId(random.bytes(ID_BYTES)), 'a point has 32 bytes')
        await network.request(anybody(), 'find', { target }, { timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined)
      }
    },
  }
}

export interface FloodOptions {
  readonly count: number
  /** From the first newcomer to the last. */
  readonly durationMs: number
  /** How long each stays. */
  readonly stayMs: number
}

/** Lets `count` machines appear, evenly spread over the time, and vanish again. Returns their numbers. */
export function flood<P extends SimProcess>(world: World<P, Messages>, options: FloodOptions): readonly number[] {
  const { count, durationMs, stayMs } = options
  return Array.from({ length: count }, (_, nth) => {
    const inMs = (nth * durationMs) / count
    const node = world.add({ inMs })
    world.clock.after(inMs + stayMs, () => {
      if (world.isUp(node)) world.crash(node, 'vanish')
    })
    return node
  })
}
