/** How many store requests are let go at once, large and small ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STORE_BYTES, STORE_WINDOW_BYTES_MAX, STORE_WINDOW_BYTES_MIN, STORE_WINDOW_BYTES_START } from './limits.ts'
import { StoreWindow } from './storeWindow.ts'

/** How many requests of so many bytes are under way when no more are let go. */
async function admitted(window: StoreWindow, bytes: number): Promise<number> {
  const releases: (() => void)[] = []
  const controller = new AbortController()
  let waiting = 0
  while (waiting === 0) {
    waiting++
    const asked = window.acquire(bytes, controller.signal).then(
      (release) => {
        releases.push(release)
        waiting--
      },
      () => undefined,
    )
    await Promise.race([asked, new Promise(setImmediate)])
  }
  controller.abort(new Error('enough'))
  await new Promise(setImmediate)
  for (const release of releases) release()
  return releases.length
}

test('large requests fill the window with few, and hundreds of small ones are under way at once', async () => {
  const window = new StoreWindow()
  assert.equal(await admitted(window, STORE_BYTES), STORE_WINDOW_BYTES_START / STORE_BYTES)
  const small = await admitted(window, 1)
  assert.ok(small >= 256 && small <= 1024, `${small} requests of one byte`)
})

test('it grows by one request for each windowful of answers, up to a bound, and halves when a holder is overloaded', async () => {
  const window = new StoreWindow()
  const first = STORE_WINDOW_BYTES_START / STORE_BYTES
  for (let nth = 0; nth < first; nth++) window.onAnswered(STORE_BYTES)
  assert.equal(await admitted(window, STORE_BYTES), first + 1)
  for (let nth = 0; nth < 1000; nth++) window.onAnswered(STORE_BYTES)
  assert.equal(await admitted(window, STORE_BYTES), STORE_WINDOW_BYTES_MAX / STORE_BYTES)
  window.onOverload()
  assert.equal(await admitted(window, STORE_BYTES), STORE_WINDOW_BYTES_MAX / STORE_BYTES / 2)
  for (let nth = 0; nth < 10; nth++) window.onOverload()
  assert.equal(await admitted(window, STORE_BYTES), STORE_WINDOW_BYTES_MIN / STORE_BYTES)
})
