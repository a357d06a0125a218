/** Journals of puts: what was written is found by the next process, torn writes included, and no secret is kept beyond its time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { parseId, type StripeId } from '../base/id.ts'
import { SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { Lifetime } from '../sim/lifetime.ts'
import { MemoryStateStore, type StateDisk } from '../sim/memory/stateStore.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { stepSettled } from '../sim/settle.ts'
import { SimDisk } from '../sim/simDisk.ts'
import { VirtualClock } from '../sim/virtualClock.ts'
import { FINISHED_PUT_MS, INTERRUPTED_PUT_MS, JOURNAL_WRITE_MS, PUT_JOURNALS_MAX, RECEIPT_MS_MAX } from './limits.ts'
import { alteredPort } from '../testing/alteredPort.ts'
import type { PutJournal } from './putJournal.ts'
import { PutJournals } from './putJournals.ts'

const NEVER = new AbortController().signal
const NAME = { resumeKey: utf8('a file'), survive: 0.5, type: '' }
const TOTAL = 193

function stripe(nth: number): { id: StripeId; total: number } {
  return { id: parseId<StripeId>(new Uint8Array(32).fill(nth))!, total: TOTAL }
}

/** One disk and one clock; `journals` is another run of the node each time. */
function rig(wrap: (state: StateStore) => StateStore = (state) => state) {
  const clock = new VirtualClock()
  const disk: StateDisk = new Map()
  const random = new SeededRandom(1)
  const primitives = new NodePrimitives()
  const journals = (): PutJournals =>
    new PutJournals({ state: wrap(new MemoryStateStore({ disk })), clock, primitives, random })
  return { clock, disk, journals, run: () => stepSettled(() => clock.fireNext()) }
}

async function passed(clock: VirtualClock, durationMs: number): Promise<void> {
  let over = false
  clock.after(durationMs, () => {
    over = true
  })
  await stepSettled(() => !over && clock.fireNext())
}

test('another run of the node finds the secret, the stripes and the receipts of a put that was interrupted', async () => {
  const { clock, journals } = rig()
  const first = await journals().open(NAME, NEVER)
  const part = await first.part('segment/0', stripe(1))
  part.onStored([0, 7, 192])
  await first.part('segment/1', stripe(2))
  await first.close()
  await passed(clock, SECOND)
  const second = await journals().open(NAME, NEVER)
  assert.deepEqual(second.secret, first.secret)
  assert.deepEqual([...(await second.part('segment/0', stripe(1))).stored], [0, 7, 192])
  assert.deepEqual([...(await second.part('segment/1', stripe(2))).stored], [])
  assert.deepEqual([...(await second.part('segment/2', stripe(3))).stored], [])
  await second.close()
})

test('a part is placed once its placing has ended with enough receipts', async () => {
  const { journals } = rig()
  const indices = Array.from({ length: TOTAL }, (_, index) => index)
  const first = await journals().open(NAME, NEVER)
  for (const [nth, count] of [173, 174, TOTAL].entries()) {
    const part = await first.part(`segment/${nth}`, stripe(nth))
    part.onStored(indices.slice(0, count))
    assert.equal(part.isPlaced, false)
    if (nth < 2) part.onPlaced()
  }
  await first.close()
  const second = await journals().open(NAME, NEVER)
  const parts = await Promise.all([0, 1, 2].map((nth) => second.part(`segment/${nth}`, stripe(nth))))
  assert.deepEqual(
    parts.map(({ isPlaced }) => isPlaced),
    [false, true, false],
  )
  await second.close()
})

test('any fragments come back as they were written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: TOTAL - 1 })), async (indices) => {
      const { journals } = rig()
      const first = await journals().open(NAME, NEVER)
      const part = await first.part('root', stripe(1))
      part.onStored(indices)
      await first.close()
      const second = await journals().open(NAME, NEVER)
      const { stored } = await second.part('root', stripe(1))
      assert.deepEqual(stored, new Set(indices))
      await second.close()
    }),
    { numRuns: 50 },
  )
})

test('a part with other content is refused, and the next put has another secret and no part of the old one', async () => {
  const { disk, journals } = rig()
  const node = journals()
  const first = await node.open(NAME, NEVER)
  for (const nth of [0, 1, 2]) await first.part(`segment/${nth}`, stripe(nth))
  await assert.rejects(first.part('segment/1', stripe(9)), (error) => {
    assert.ok(isFailure(error, 'invalid'))
    assert.equal(error.details.changed, true)
    return true
  })
  await first.close()
  assert.equal(disk.size, 0)
  const second = await node.open(NAME, NEVER)
  assert.notDeepEqual(second.secret, first.secret)
  assert.equal((await second.part('segment/1', stripe(9))).stored.size, 0)
  await second.close()
})

test('what else decides on the fragments makes another put', async () => {
  const { journals } = rig()
  const node = journals()
  const names = [NAME, { ...NAME, survive: 0.3 }, { ...NAME, type: 'text/plain' }, { ...NAME, resumeKey: utf8('b') }]
  const open = await Promise.all(names.map((name) => node.open(name, NEVER)))
  const secrets = new Set(open.map(({ secret }) => secret.toString()))
  assert.equal(secrets.size, names.length)
  for (const journal of open) await journal.close()
})

test('a put waits for another of the same name, unless it is given up', async () => {
  const { journals } = rig()
  const node = journals()
  const first = await node.open(NAME, NEVER)
  const order: string[] = []
  const second = node.open(NAME, NEVER).then((journal) => {
    order.push('second')
    return journal
  })
  const controller = new AbortController()
  const third = node.open(NAME, controller.signal)
  controller.abort()
  await assert.rejects(third, (error) => isFailure(error, 'aborted'))
  order.push('first')
  await first.close()
  assert.deepEqual((await second).secret, first.secret)
  assert.deepEqual(order, ['first', 'second'])
  await (await second).close()
})

test('a crash leaves a secret with every stripe that was begun under it, or nothing that another put would take', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const clock = new VirtualClock()
    const disk = new SimDisk({ syncMs: 5 })
    const random = new SeededRandom(seed)
    const primitives = new NodePrimitives()
    const start = () => {
      const life = new Lifetime(0)
      const { state } = disk.open(life, clock.viewFor(life), new SeededRandom(seed))
      return { life, journals: new PutJournals({ state, clock: clock.viewFor(life), primitives, random }) }
    }
    const crashMs = seed % 40
    /** What fragments may have left for, by part: of which secret. */
    const begun = new Map<string, string>()
    const first = start()
    let secret = ''
    void (async () => {
      let journal: PutJournal = await first.journals.open(NAME, NEVER)
      for (let nth = 0; ; nth++) {
        secret = journal.secret.toString()
        const name = `segment/${nth % 3}`
        // Every third time round the content is another, so that journals are removed and begun as well.
        const part = await journal.part(name, stripe(Math.floor(nth / 5))).catch(() => undefined)
        if (part !== undefined) {
          begun.set(`${secret}/${name}`, stripe(Math.floor(nth / 5)).id)
          part.onStored([nth])
          continue
        }
        await journal.close()
        journal = await first.journals.open(NAME, NEVER)
      }
    })()
    clock.after(crashMs, () => {
      first.life.end()
      disk.crash()
    })
    await stepSettled(() => !first.life.ended && clock.fireNext())
    const second = start()
    let checked = false
    const checking = (async () => {
      for (const nth of [0, 1, 2]) {
        const journal = await second.journals.open(NAME, NEVER)
        const name = `segment/${nth}`
        const before = begun.get(`${journal.secret.toString()}/${name}`)
        const taken = await journal.part(name, stripe(77)).then(
          () => true,
          (error: unknown) => !isFailure(error, 'invalid'),
        )
        if (before !== undefined) assert.equal(taken, false, `seed ${seed}: a key would have enciphered two contents`)
        await journal.close()
      }
      checked = true
    })()
    await stepSettled(() => !checked && clock.fireNext())
    await checking
  }
})

test('a garbled part counts as other content, a garbled head as no journal', async () => {
  const { disk, journals } = rig()
  const first = await journals().open(NAME, NEVER)
  await first.part('root', stripe(1))
  await first.close()
  const [head, part] = [...disk.keys()].sort()
  disk.set(part!, utf8('garbled'))
  const second = await journals().open(NAME, NEVER)
  await assert.rejects(second.part('root', stripe(1)), (error) => isFailure(error, 'invalid'))
  await second.close()
  const third = await journals().open(NAME, NEVER)
  await third.part('root', stripe(1))
  await third.close()
  disk.set(head!, utf8('garbled'))
  const fourth = await journals().open(NAME, NEVER)
  assert.notDeepEqual(fourth.secret, third.secret)
  assert.equal((await fourth.part('root', stripe(2))).stored.size, 0)
  await fourth.close()
})

test('a finished put is forgotten after its hour, an interrupted one after its days, and no timer stays behind', async () => {
  for (const [finishes, lifeMs] of [
    [true, FINISHED_PUT_MS],
    [false, INTERRUPTED_PUT_MS],
  ] as const) {
    const { clock, disk, journals, run } = rig()
    const first = await journals().open(NAME, NEVER)
    await first.part('root', stripe(1))
    if (finishes) first.onFinished()
    await first.close()
    await passed(clock, lifeMs - SECOND)
    assert.ok(disk.size > 0)
    await run()
    assert.equal(disk.size, 0)
    assert.ok(clock.elapsedMs < lifeMs + 3_600_000)
  }
})

test('the journals of an earlier run are forgotten in their time, also when nothing is put any more', async () => {
  const { clock, disk, journals, run } = rig()
  const first = journals()
  await (await first.open(NAME, NEVER)).close()
  await first.close()
  await passed(clock, INTERRUPTED_PUT_MS)
  assert.equal(disk.size, 1)
  const second = journals()
  second.start()
  await run()
  assert.equal(disk.size, 0)
  await second.close()
})

test('of too many journals the oldest goes, and never one that is in use', async () => {
  const { clock, journals } = rig()
  const node = journals()
  const named = (nth: number) => ({ ...NAME, resumeKey: utf8(String(nth)) })
  const inUse = await node.open(named(0), NEVER)
  const secrets: string[] = []
  for (let nth = 1; nth <= PUT_JOURNALS_MAX + 1; nth++) {
    await passed(clock, 1)
    const journal = await node.open(named(nth), NEVER)
    secrets[nth] = journal.secret.toString()
    await journal.close()
  }
  const again = async (nth: number): Promise<boolean> => {
    const journal = await node.open(named(nth), NEVER)
    await journal.close()
    return journal.secret.toString() === secrets[nth]
  }
  await inUse.close()
  assert.equal(await again(PUT_JOURNALS_MAX + 1), true)
  assert.equal(await again(3), true)
  assert.equal(await again(1), false)
  await node.close()
})

test('receipts grow stale, and asking anew makes them good', async () => {
  const { clock, journals } = rig()
  const node = journals()
  const first = await node.open(NAME, NEVER)
  ;(await first.part('root', stripe(1))).onStored([1, 2, 3])
  await first.close()
  await passed(clock, RECEIPT_MS_MAX + 2 * JOURNAL_WRITE_MS)
  const second = await node.open(NAME, NEVER)
  const part = await second.part('root', stripe(1))
  assert.equal(part.isStale, true)
  part.onAsked(new Set([2, 3, 4]))
  assert.deepEqual([[...part.stored], part.isStale], [[2, 3], false])
  await second.close()
  await node.close()
})

test('a node whose disk is full puts without a journal', async () => {
  const noSpace = (): Promise<never> => Promise.reject(new Failure('no-space', 'the disk is full'))
  const { journals } = rig((state) => alteredPort(state, { put: noSpace }))
  const node = journals()
  const first = await node.open(NAME, NEVER)
  assert.equal((await first.part('root', stripe(1))).stored.size, 0)
  await first.close()
  const second = await node.open(NAME, NEVER)
  assert.notDeepEqual(second.secret, first.secret)
  await second.close()
})
