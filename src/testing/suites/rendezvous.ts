/** What every Rendezvous must do, wherever its notices hang. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contact } from '../../ports/connection.ts'
import type { Rendezvous } from '../../ports/rendezvous.ts'
import { tinyId } from '../tinyId.ts'

/** One place, as seen by as many nodes as one likes. */
export interface RendezvousRig {
  join(): Rendezvous
  /** So long that every notice left before has faded. */
  letFade(): Promise<void>
}

export function rendezvousSuite(name: string, setup: () => Promise<RendezvousRig>): void {
  const check = (behaviour: string, body: (rig: RendezvousRig) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      await body(await setup())
    })
  }

  check('whoever leaves word is found by others, at the address it gave last', async (rig) => {
    const [first, second] = [rig.join(), rig.join()]
    assert.deepEqual(await second.find(), [])
    await first.announce(contactAt(1, 'sim://10.0.0.1:1'))
    await first.announce(contactAt(1, 'sim://172.16.0.1:1'))
    assert.deepEqual(await second.find(), [contactAt(1, 'sim://172.16.0.1:1')])
  })

  check('of many some are shown, none twice, and in time all of them', async (rig) => {
    const place = rig.join()
    for (let nth = 0; nth < 60; nth++) await place.announce(contactAt(nth, `sim://10.0.${nth}.1:${nth}`))
    const seen = new Set<string>()
    for (let look = 0; look < 200 && seen.size < 60; look++) {
      const found = await place.find()
      assert.equal(new Set(found.map(({ id }) => id)).size, found.length)
      for (const { id } of found) seen.add(id)
    }
    assert.equal(seen.size, 60)
  })

  check('notices fade by themselves', async (rig) => {
    const place = rig.join()
    await place.announce(contactAt(1, 'sim://10.0.0.1:1'))
    await rig.letFade()
    assert.deepEqual(await place.find(), [])
  })
}

function contactAt(nth: number, address: string): Contact {
  return { id: tinyId(nth, 8), addresses: [address] }
}
