/** What every Clock must do, real or virtual: order and cancellation, never how long anything takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../../base/failure.ts'
import { DAY } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'

export interface ClockRig {
  readonly clock: Clock
  /** Lets time pass until `promise` settles. On a real clock it just returns it. */
  settle<T>(promise: Promise<T>): Promise<T>
}

export function clockSuite(name: string, setup: () => ClockRig): void {
  const check = (behaviour: string, body: (rig: ClockRig) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, () => body(setup()))
  }

  check('the time is whole milliseconds and never goes back', async (rig) => {
    const { clock } = rig
    let last = clock.now()
    assert.ok(Number.isInteger(last))
    for (let step = 0; step < 5; step++) {
      await rig.settle(clock.sleep(1))
      assert.ok(clock.now() >= last)
      last = clock.now()
    }
  })

  check('timers fire in the order of their delays, and never inside the call that sets them', async (rig) => {
    const { clock } = rig
    const fired: string[] = []
    clock.after(30, () => fired.push('late'))
    clock.after(0, () => fired.push('at once'))
    clock.after(10, () => fired.push('soon'))
    assert.deepEqual(fired, [])
    await rig.settle(clock.sleep(60))
    assert.deepEqual(fired, ['at once', 'soon', 'late'])
  })

  check('timers of one delay fire in the order they were set, each once', async (rig) => {
    const { clock } = rig
    const fired: number[] = []
    for (let at = 0; at < 10; at++) clock.after(5, () => fired.push(at))
    await rig.settle(clock.sleep(30))
    assert.deepEqual(fired, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  check('a cancelled timer does not fire, and cancelling late or twice does nothing', async (rig) => {
    const { clock } = rig
    const fired: string[] = []
    const cancel = clock.after(5, () => fired.push('cancelled'))
    const late = clock.after(1, () => fired.push('fired'))
    cancel()
    cancel()
    await rig.settle(clock.sleep(30))
    late()
    assert.deepEqual(fired, ['fired'])
  })

  check('a delay of months does not fire at once', async (rig) => {
    const { clock } = rig
    let fired = false
    const cancel = clock.after(90 * DAY, () => (fired = true))
    await rig.settle(clock.sleep(20))
    cancel()
    assert.equal(fired, false)
  })

  check('an aborted sleep rejects at once, with the caller’s failure where there is one', async (rig) => {
    const { clock } = rig
    const controller = new AbortController()
    const sleep = clock.sleep(90 * DAY, controller.signal)
    controller.abort(new Failure('closed', 'this node is stopping'))
    await assert.rejects(rig.settle(sleep), (error) => isFailure(error, 'closed'))
    await assert.rejects(rig.settle(clock.sleep(90 * DAY, AbortSignal.abort())), (error) => isFailure(error, 'aborted'))
  })
}
