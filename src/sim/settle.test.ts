/** Between two steps every promise that can settle has done so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepSettled } from './settle.ts'

test('chains of a thousand promises end before the next step, also those that begin late', async () => {
  let open = 0
  let stepCount = 0
  const chain = async (): Promise<void> => {
    open++
    for (let i = 0; i < 1000; i++) await Promise.resolve()
    await new Promise<void>((resolve) => {
      queueMicrotask(() => {
        resolve(Promise.resolve())
      })
    })
    open--
  }
  await stepSettled(() => {
    assert.equal(open, 0)
    void chain()
    return ++stepCount < 50
  })
})

test('what a step throws ends the run', async () => {
  let stepCount = 0
  const run = stepSettled(() => {
    if (++stepCount === 3) throw new Error('third')
    return true
  })
  await assert.rejects(run, /third/)
  assert.equal(stepCount, 3)
})

test('the event loop gets its turns during a long run', async () => {
  let turned = false
  setImmediate(() => {
    turned = true
  })
  await stepSettled(() => !turned)
  assert.ok(turned)
})
