/** Waiting ends with what happened first, leaves no listener behind, and no failure without somebody to hear it. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { VirtualClock } from '../sim/virtualClock.ts'
import { abortFailure, Failure, isFailure, isFailureCode } from './failure.ts'
import { deferred, linkedController, orAborted, withDeadline } from './signals.ts'

function listenerCount(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

function hasCode(code: Failure['code']): (error: unknown) => boolean {
  return (error) => isFailure(error, code)
}

const never = new Promise<never>(() => undefined)

test('an abort ends the wait with its own failure, or as aborted when it gives none', async () => {
  const stopping = new Failure('closed', 'stopping')
  await assert.rejects(orAborted(never, AbortSignal.abort(stopping)), (error) => error === stopping)
  const controller = new AbortController()
  const waiting = orAborted(never, controller.signal)
  controller.abort('no more need')
  await assert.rejects(waiting, (error) => isFailure(error, 'aborted') && error.cause === 'no more need')
})

test('a wait that ends otherwise leaves no listener', async () => {
  const { signal } = new AbortController()
  assert.equal(await orAborted(Promise.resolve(7), signal), 7)
  await assert.rejects(orAborted(Promise.reject(new Failure('busy', 'x')), signal), hasCode('busy'))
  await Promise.resolve()
  assert.equal(listenerCount(signal), 0)
})

test('what fails after its wait was aborted is nobody’s unhandled rejection', async () => {
  const aborted = AbortSignal.abort()
  const early = deferred<void>()
  const late = deferred<void>()
  await assert.rejects(orAborted(early.promise, aborted), hasCode('aborted'))
  const controller = new AbortController()
  const waiting = orAborted(late.promise, controller.signal)
  controller.abort()
  await assert.rejects(waiting, hasCode('aborted'))
  early.reject(new Error('too late'))
  late.reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})

test('a linked controller follows its parent until it is released', () => {
  const parent = new AbortController()
  const [first, second] = [linkedController(parent.signal), linkedController(parent.signal)]
  first.release()
  assert.equal(listenerCount(parent.signal), 1)
  parent.abort('over')
  assert.deepEqual([first.signal.aborted, second.signal.aborted], [false, true])
  assert.equal(second.signal.reason, 'over')
  assert.ok(linkedController(parent.signal).signal.aborted)
})

test('a linked controller that is aborted leaves its parent as it was', () => {
  const parent = new AbortController()
  linkedController(parent.signal).abort()
  assert.equal(parent.signal.aborted, false)
})

test('work past its deadline is told, and its caller does not wait for it to listen', async () => {
  const clock = new VirtualClock()
  let told: unknown
  const work = withDeadline(clock, 50, 'digging', undefined, (signal) => {
    signal.addEventListener('abort', () => {
      told = signal.reason
    })
    return never
  })
  clock.fireNext()
  await assert.rejects(work, (error) => isFailure(error, 'timed-out') && /digging .* 50 ms/.test(error.message))
  assert.ok(isFailure(told, 'timed-out'))
})

test('work that ends in time leaves neither timer nor listener', async () => {
  const clock = new VirtualClock()
  const { signal } = new AbortController()
  assert.equal(await withDeadline(clock, 50, 'digging', signal, async () => 'done'), 'done')
  assert.equal(clock.nextMs(), Infinity)
  assert.equal(listenerCount(signal), 0)
})

test('work whose parent is aborted already is not begun', async () => {
  const clock = new VirtualClock()
  let begun = false
  const work = withDeadline(clock, 50, 'digging', AbortSignal.abort(), async () => {
    begun = true
  })
  await assert.rejects(work, hasCode('aborted'))
  assert.equal(begun, false)
  assert.equal(clock.nextMs(), Infinity)
})

test('only our own codes are codes, and an abort keeps a failure it was given', () => {
  for (const text of ['', 'Busy', 'toString', 'unknown']) assert.equal(isFailureCode(text), false)
  const failure = new Failure('no-space', 'full', { details: { bytes: 1 }, cause: 'disk' })
  assert.deepEqual([failure.code, failure.details, failure.cause], ['no-space', { bytes: 1 }, 'disk'])
  assert.equal(abortFailure({ reason: failure }), failure)
  assert.ok(isFailureCode(failure.code))
  assert.ok(isFailure(failure, 'no-space'))
  assert.ok(!isFailure(failure, 'busy'))
  assert.ok(!isFailure(new Error('full')))
})
