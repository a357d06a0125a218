/**
 * An attacker that names only its own: whoever asks it for a point is told of the fellow attackers nearest to it, and once all
 * it knows are attackers, it never meets anybody else.
 */
import type { Attack } from './attack.ts'
import type { Conspiracy } from './conspiracy.ts'

/** As many as an honest node names. */
const NAMED_COUNT = 20

export function liar(conspiracy: Conspiracy): Attack {
  return {
    replies: {
      find:
        () =>
        ({ target }, from) => ({
          contacts: conspiracy
            .nearest(target, NAMED_COUNT + 1)
            .filter(({ id }) => id !== from.id)
            .slice(0, NAMED_COUNT),
        }),
    },
  }
}
