/** Waiting for what processes do on their own. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../src/base/units.ts'

const LIMIT_MS = 60 * SECOND
const ASK_EVERY_MS = 300

/** Asks until the answer is true; fails when that takes longer than a minute. */
export async function eventually(what: string, isSo: () => Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
  const deadlineMs = performance.now() + limitMs
  while (!(await isSo())) {
    assert.ok(performance.now() < deadlineMs, `within ${limitMs / SECOND} s: ${what}`)
    await sleep(ASK_EVERY_MS)
  }
}
