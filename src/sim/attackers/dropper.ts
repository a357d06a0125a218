/** An attacker that takes part in everything and never says which nodes it knows: each question costs the asker its deadline. */
import type { Attack } from './attack.ts'

export const dropper: Attack = {
  replies: { find: () => () => new Promise(() => undefined), region: () => () => new Promise(() => undefined) },
}
