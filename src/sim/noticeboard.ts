/** A rendezvous in the world: a board that nobody owns, where notices fade after an hour and a reader sees a few at random. */
import type { NodeId } from '../base/id.ts'
import { HOUR } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Contact } from '../ports/connection.ts'
import type { Random } from '../ports/random.ts'
import type { Rendezvous } from '../ports/rendezvous.ts'

const NOTICE_MS = HOUR
/** As many as one answer of a public DHT holds. */
const READ_COUNT = 20

interface Notice {
  readonly contact: Contact
  readonly atMs: number
}

export class Noticeboard {
  /** The oldest first. */
  private readonly notices = new Map<NodeId, Notice>()

  /** The board as one node sees it. */
  for(clock: Pick<Clock, 'now'>, random: Random): Rendezvous {
    return {
      announce: async (self) => {
        this.notices.delete(self.id)
        this.notices.set(self.id, { contact: self, atMs: clock.now() })
        await Promise.resolve()
      },
      find: () => Promise.resolve(this.some(clock.now(), random)),
    }
  }

  private some(nowMs: number, random: Random): readonly Contact[] {
    for (const [id, { atMs }] of this.notices) {
      if (nowMs - atMs < NOTICE_MS) break
      this.notices.delete(id)
    }
    const all = [...this.notices.values()]
    if (all.length <= READ_COUNT) return all.map(({ contact }) => contact)
    const chosen = new Set<Contact>()
    while (chosen.size < READ_COUNT) {
      const notice = all[random.integer(all.length)]
      if (notice !== undefined) chosen.add(notice.contact)
    }
    return [...chosen]
  }
}
