/** Bounded parallelism: never above the limit, in order, and nothing lost to whoever gives up waiting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from './failure.ts'
import { Semaphore } from './semaphore.ts'
import { deferred } from './signals.ts'

/** What has been admitted, in order, and how to give it back. */
class Bench {
  readonly semaphore: Semaphore
  readonly admitted: string[] = []
  private readonly releases = new Map<string, () => void>()

  constructor(limit: number) {
    this.semaphore = new Semaphore(limit)
  }

  ask(name: string, units = 1, signal?: AbortSignal): void {
    this.semaphore.acquire(units, signal).then(
      (release) => {
        this.admitted.push(name)
        this.releases.set(name, release)
      },
      (error: unknown) => assert.ok(isFailure(error, 'aborted')),
    )
  }

  release(name: string): void {
    this.releases.get(name)?.()
  }
}

/** Lets every promise that can settle do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('waiters are served in order, and a small one does not pass a large one', async () => {
  const bench = new Bench(3)
  bench.ask('two', 2)
  bench.ask('three', 3)
  bench.ask('one', 1)
  await settled()
  assert.deepEqual(bench.admitted, ['two'])
  bench.release('two')
  await settled()
  assert.deepEqual(bench.admitted, ['two', 'three'])
  bench.release('three')
  await settled()
  assert.deepEqual(bench.admitted, ['two', 'three', 'one'])
})

test('more than the limit is admitted alone', async () => {
  const bench = new Bench(2)
  bench.ask('large', 5)
  bench.ask('small')
  await settled()
  assert.deepEqual(bench.admitted, ['large'])
  bench.release('large')
  await settled()
  assert.deepEqual(bench.admitted, ['large', 'small'])
})

test('giving back twice frees one place', async () => {
  const bench = new Bench(1)
  for (const name of ['a', 'b', 'c']) bench.ask(name)
  await settled()
  bench.release('a')
  bench.release('a')
  await settled()
  assert.deepEqual(bench.admitted, ['a', 'b'])
})

test('whoever gives up waiting lets those behind pass at once', async () => {
  const bench = new Bench(4)
  const controller = new AbortController()
  bench.ask('held', 3)
  bench.ask('large', 4, controller.signal)
  bench.ask('small', 1)
  await settled()
  controller.abort()
  await settled()
  assert.deepEqual(bench.admitted, ['held', 'small'])
})

test('one that is aborted before or as it is admitted keeps no place', async () => {
  const bench = new Bench(1)
  bench.ask('never', 1, AbortSignal.abort())
  await settled()
  const controller = new AbortController()
  bench.ask('almost', 1, controller.signal)
  controller.abort()
  await settled()
  bench.ask('next')
  await settled()
  assert.deepEqual(bench.admitted, ['next'])
})

test('a raised limit admits at once, a lowered one only stops admitting', async () => {
  const bench = new Bench(1)
  for (const name of ['a', 'b', 'c', 'd']) bench.ask(name)
  bench.semaphore.setLimit(3)
  await settled()
  assert.deepEqual(bench.admitted, ['a', 'b', 'c'])
  bench.semaphore.setLimit(1)
  bench.release('a')
  bench.release('b')
  await settled()
  assert.deepEqual(bench.admitted, ['a', 'b', 'c'])
  bench.release('c')
  await settled()
  assert.deepEqual(bench.admitted, ['a', 'b', 'c', 'd'])
})

test('under any mix of work and giving up, the limit holds and everybody is served or gone in the end', async () => {
  const task = fc.record({ units: fc.integer({ min: 1, max: 4 }), givesUp: fc.boolean(), turns: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 30 }), fc.integer({ min: 4, max: 6 }), async (tasks, limit) => {
      const semaphore = new Semaphore(limit)
      let held = 0
      await Promise.all(
        tasks.map(async ({ units, givesUp, turns }, at) => {
          const controller = new AbortController()
          const release = semaphore.acquire(units, controller.signal)
          for (let turn = 0; turn < (at + turns) % 4; turn++) await Promise.resolve()
          if (givesUp) controller.abort()
          const give = await release.catch(() => undefined)
          if (give === undefined) return
          held += units
          assert.ok(held <= limit)
          for (let turn = 0; turn < turns; turn++) await Promise.resolve()
          held -= units
          give()
        }),
      )
      const whole = deferred<void>()
      void semaphore.acquire(limit).then(() => whole.resolve())
      await whole.promise
    }),
    { numRuns: 50 },
  )
})
