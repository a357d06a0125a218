/** A disk keeps over a crash what had settled, and of what had not any part, as the dice fall. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { parseId, type NodeId, type StripeId } from '../base/id.ts'
import { SECOND } from '../base/units.ts'
import type { StoredFragment } from '../ports/fragmentStore.ts'
import { Lifetime } from './lifetime.ts'
import { SeededRandom } from './seededRandom.ts'
import { stepSettled } from './settle.ts'
import { SimDisk, type DiskOptions } from './simDisk.ts'
import { VirtualClock } from './virtualClock.ts'

const STRIPE = parseId<StripeId>(new Uint8Array(32).fill(1))!
const LEASE = { expiresMs: 0, sender: parseId<NodeId>(new Uint8Array(32).fill(2))!, owner: undefined }

function fragment(index: number): StoredFragment {
  const header = { needed: 1, total: 20, segmentBytes: 1, merkleRoot: new Uint8Array(32) }
  return { stripe: STRIPE, header, index, proof: new Uint8Array(0), data: utf8(`fragment ${index}`) }
}

function mounted(options: DiskOptions, seed = 1) {
  const clock = new VirtualClock()
  const disk = new SimDisk(options)
  const open = () => {
    const life = new Lifetime(0)
    return { life, ...disk.open(life, clock.viewFor(life), new SeededRandom(seed)) }
  }
  const run = (): Promise<void> => stepSettled(() => clock.fireNext())
  return { clock, disk, open, run }
}

test('what has settled is there for the next process', async () => {
  const { disk, open, run } = mounted({ syncMs: 5 })
  const first = open()
  const written = Promise.all([first.fragments.put([fragment(0)], LEASE), first.state.put('key', utf8('value'))])
  await run()
  await written
  first.life.end()
  disk.crash()
  const second = open()
  assert.deepEqual(await second.fragments.get(STRIPE, 0), fragment(0))
  assert.deepEqual(await second.state.get('key'), utf8('value'))
  assert.equal(second.fragments.usage().fragmentCount, 1)
})

test('a write takes its time to be durable', async () => {
  const { clock, disk, open, run } = mounted({ syncMs: 7 })
  const { state } = open()
  const written = state.put('key', utf8('value'))
  await Promise.resolve()
  assert.equal(disk.state.size, 0)
  await run()
  await written
  assert.equal(clock.elapsedMs, 7)
  assert.equal(disk.state.size, 1)
})

test('a crash leaves any part of an unsettled batch, by the dice, and the write never settles', async () => {
  const counts = new Set<number>()
  for (let seed = 1; seed <= 100; seed++) {
    const { clock, disk, open, run } = mounted({ syncMs: SECOND }, seed)
    const { life, fragments } = open()
    let settled = false
    const batch = [0, 1, 2, 3].map(fragment)
    void fragments.put(batch, LEASE).finally(() => {
      settled = true
    })
    clock.after(10, () => {
      life.end()
      disk.crash()
    })
    await run()
    assert.ok(!settled)
    counts.add(disk.fragments.get(STRIPE)?.size ?? 0)
  }
  assert.deepEqual([...counts].sort(), [0, 1, 2, 3, 4])
})

test('a process that has ended cannot reach its disk', async () => {
  const { disk, open, run } = mounted({})
  const { life, fragments, state } = open()
  life.end()
  disk.crash()
  void fragments.put([fragment(0)], LEASE)
  void state.put('key', utf8('value'))
  await run()
  assert.deepEqual([disk.fragments.size, disk.state.size], [0, 0])
})

test('closing one process’s stores does not close the next one’s', async () => {
  const { open } = mounted({})
  const first = open()
  await first.state.close()
  await assert.rejects(first.state.get('key'), (error) => isFailure(error, 'closed'))
  assert.equal(await open().state.get('key'), undefined)
})

test('a full disk and a failing one are told as such', async () => {
  const full = mounted({ quotaBytes: 15 }).open()
  await full.fragments.put([fragment(0)], LEASE)
  await assert.rejects(full.fragments.put([fragment(1)], LEASE), (error) => isFailure(error, 'no-space'))
  const failing = mounted({ fault: (what) => (what === 'get' ? new Failure('storage', 'worn out') : undefined) }).open()
  await failing.state.put('key', utf8('value'))
  await assert.rejects(failing.state.get('key'), (error) => isFailure(error, 'storage'))
})
