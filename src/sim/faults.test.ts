/** Exactly the n-th call fails, whatever port it is made on, and the loop over n comes to every call. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import { Failure, isFailure } from '../base/failure.ts'
import type { StateStore } from '../ports/stateStore.ts'
import { failing, forEveryCall, NthCall } from './faults.ts'
import { MemoryStateStore, type StateDisk } from './memory/stateStore.ts'

const worn = new Failure('storage', 'worn out')

/** Moves a value in an order that never loses it. */
async function move(store: StateStore, from: string, to: string): Promise<void> {
  const value = await store.get(from)
  if (value === undefined) return
  await store.put(to, value)
  await store.delete(from)
}

/** As it should not be done. */
async function moveCarelessly(store: StateStore, from: string, to: string): Promise<void> {
  const value = await store.get(from)
  if (value === undefined) return
  await store.delete(from)
  await store.put(to, value)
}

test('the n-th call fails and the others pass, counted over all methods named', async () => {
  const fault = new NthCall(3, { failure: worn })
  const store = failing<StateStore>(new MemoryStateStore(), ['get', 'put'], fault)
  await store.put('a', utf8('1'))
  await store.delete('b')
  await store.get('a')
  await assert.rejects(store.put('a', utf8('2')), (error) => isFailure(error, 'storage'))
  assert.deepEqual(await store.get('a'), utf8('1'))
  assert.deepEqual([fault.callCount, fault.isSpent], [4, true])
})

test('a call that fails afterwards has taken effect', async () => {
  const fault = new NthCall(1, { failure: worn, when: 'after' })
  const store = failing<StateStore>(new MemoryStateStore(), ['put'], fault)
  await assert.rejects(store.put('a', utf8('1')), (error) => isFailure(error, 'storage'))
  assert.deepEqual(await store.get('a'), utf8('1'))
})

for (const when of ['before', 'after'] as const) {
  test(`a careful move survives a failure ${when} every one of its three calls, a careless one does not`, async () => {
    const survives = (moving: typeof move) => async (fault: NthCall) => {
      const disk: StateDisk = new Map([['from', utf8('value')]])
      const store = failing<StateStore>(new MemoryStateStore({ disk }), ['get', 'put', 'delete'], fault)
      await moving(store, 'from', 'to').catch(() => undefined)
      assert.ok(disk.has('from') || disk.has('to'), 'the value is lost')
    }
    assert.equal(await forEveryCall({ failure: worn, when }, survives(move)), 3)
    await assert.rejects(forEveryCall({ failure: worn, when }, survives(moveCarelessly)), /the value is lost/)
  })
}

test('the fault fits the stores in memory, and a run that never ends its calls is a bug', async () => {
  const fault = new NthCall(2, { failure: worn })
  const store = new MemoryStateStore({ fault: fault.next })
  await store.get('a')
  await assert.rejects(store.get('a'), (error) => isFailure(error, 'storage'))
  const endless = forEveryCall({ failure: worn, callCountMax: 10 }, async (each) => {
    for (let i = 0; i < 100; i++) each.next()
  })
  await assert.rejects(endless, AssertionFailed)
})
