/**
 * An attacker that names only its own: whoever asks it for a point is told of the fellow attackers nearest to it, and once all
 * it knows are attackers, it never meets anybody else.
 */
import type { NodeId, Point } from '../../base/id.ts'
import type { Contact } from '../../ports/connection.ts'
import { CONTACTS_MAX } from '../../wire/limits.ts'
import type { Attack } from './attack.ts'
import type { Conspiracy } from './conspiracy.ts'

export function liar(conspiracy: Conspiracy): Attack {
  /** As many as an honest node names. */
  const own = (target: Point, from: NodeId): readonly Contact[] =>
    conspiracy
      .nearest(target, CONTACTS_MAX + 1)
      .filter(({ id }) => id !== from)
      .slice(0, CONTACTS_MAX)
  return {
    replies: {
      find:
        () =>
        ({ target }, from) => ({ contacts: own(target, from.id) }),
      region:
        () =>
        ({ target }, from) => ({ ageMs: 0, members: own(target, from.id) }),
    },
  }
}
