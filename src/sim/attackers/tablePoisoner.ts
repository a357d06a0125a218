/**
 * An attacker that names nodes which do not exist, as near to the target as it likes: at addresses where nobody is, so that
 * askers wait, or all at a victim's, so that askers besiege it.
 */
import type { NodeId, Point } from '../../base/id.ts'
import type { Address, Contact } from '../../ports/connection.ts'
import type { Random } from '../../ports/random.ts'
import type { Attack } from './attack.ts'
import { groundIdNear } from './groundIds.ts'

const NAMED_COUNT = 20
/** Nearer than any honest node of a million is. */
const SHARED_BITS = 24

export interface PoisonOptions {
  readonly random: Random
  /** Where the invented nodes are said to be; addresses of nobody when absent. */
  readonly victim?: Address
}

export function tablePoisoner({ random, victim }: PoisonOptions): Attack {
  let inventedCount = 0
  const invented = (target: Point): Contact => {
    const id: NodeId = groundIdNear(target, SHARED_BITS, random)
    return { id, addresses: [victim ?? nowhere(inventedCount++)] }
  }
  return {
    replies: {
      find:
        () =>
        ({ target }) => ({ contacts: Array.from({ length: NAMED_COUNT }, () => invented(target)) }),
    },
  }
}

/** An address of the documentation's networks, where no machine of a world is. */
function nowhere(nth: number): Address {
  return `sim://203.0.113.${nth % 256}:${1000 + nth}`
}
