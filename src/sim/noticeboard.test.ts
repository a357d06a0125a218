/** The noticeboard is a rendezvous. */
import { HOUR } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import { rendezvousSuite } from '../testing/suites/rendezvous.ts'
import { Noticeboard } from './noticeboard.ts'
import { SeededRandom } from './seededRandom.ts'

rendezvousSuite('noticeboard', async () => {
  const board = new Noticeboard()
  const random = new SeededRandom(1)
  let nowMs = 0
  const clock: Pick<Clock, 'now'> = { now: () => nowMs }
  await Promise.resolve()
  return {
    join: () => board.for(clock, random),
    letFade: async () => {
      nowMs += HOUR
      await Promise.resolve()
    },
  }
})
