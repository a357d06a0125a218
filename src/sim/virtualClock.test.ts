/** Virtual time passes from event to event, never inside a call, and ends for a process with its life. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { DAY } from '../base/units.ts'
import { clockSuite } from '../testing/suites/clock.ts'
import { Lifetime } from './lifetime.ts'
import { stepSettled } from './settle.ts'
import { VirtualClock, WORLD_EPOCH_MS } from './virtualClock.ts'

clockSuite('virtual', () => {
  const clock = new VirtualClock()
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false
    promise.finally(() => (isSettled = true)).catch(() => undefined)
    await stepSettled(() => !isSettled && clock.fireNext())
    return promise
  }
  return { clock: clock.viewFor(new Lifetime(0)), settle }
})

function runOut(clock: VirtualClock): Promise<void> {
  return stepSettled(() => clock.fireNext())
}

test('a timer fires at its time and not inside the call that sets it', async () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  clock.after(30 * DAY, () => fired.push(`late ${clock.now() - WORLD_EPOCH_MS}`))
  clock.after(0, () => fired.push(`soon ${clock.now() - WORLD_EPOCH_MS}`))
  assert.deepEqual(fired, [])
  await runOut(clock)
  assert.deepEqual(fired, ['soon 0', `late ${30 * DAY}`])
})

test('a cancelled timer does not fire, and cancelling one that has fired does nothing', async () => {
  const clock = new VirtualClock()
  let fired = 0
  const cancel = clock.after(5, () => fired++)
  const cancelLate = clock.after(1, () => fired++)
  cancel()
  await runOut(clock)
  cancelLate()
  cancel()
  assert.equal(fired, 1)
  assert.equal(clock.elapsedMs, 1)
})

test('sleepers wake in order, and what they do next happens before later events', async () => {
  const clock = new VirtualClock()
  const order: string[] = []
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms)
    await Promise.resolve().then(() => Promise.resolve())
    order.push(name)
  }
  await Promise.all([sleeper('third', 30), sleeper('first', 10), sleeper('second', 10.5), runOut(clock)])
  assert.deepEqual(order, ['first', 'second', 'third'])
})

test('an aborted sleep rejects at once with the reason and leaves no timer', async () => {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const sleep = clock.sleep(DAY, controller.signal)
  controller.abort()
  await assert.rejects(sleep, (error) => isFailure(error, 'aborted'))
  await assert.rejects(clock.sleep(1, controller.signal), (error) => isFailure(error, 'aborted'))
  assert.equal(clock.nextMs(), Infinity)
})

test('when a life ends its timers never fire and its sleeps never settle; others go on', async () => {
  const clock = new VirtualClock()
  const [mortal, other] = [new Lifetime(0), new Lifetime(1)]
  const happened: string[] = []
  const view = clock.viewFor(mortal)
  view.after(10, () => happened.push('timer of the dead'))
  void view.sleep(10).then(() => happened.push('sleeper of the dead'))
  clock.viewFor(other).after(20, () => happened.push('timer of the living'))
  clock.after(5, () => {
    mortal.end()
  })
  await runOut(clock)
  view.after(1, () => happened.push('set after death'))
  await runOut(clock)
  assert.deepEqual(happened, ['timer of the living'])
})

test('a view tells whole milliseconds that never run ahead of a timer', async () => {
  const clock = new VirtualClock()
  clock.after(0.7, () => undefined)
  await runOut(clock)
  const start = clock.now()
  assert.ok(Number.isInteger(start))
  let after = 0
  clock.after(10, () => {
    after = clock.now()
  })
  await runOut(clock)
  assert.equal(after - start, 10)
})
