/** The pooled coder passes the suite, and leaves nothing behind when it is closed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { KIB, MIB } from '../base/units.ts'
import { coderSuite } from '../testing/suites/coder.ts'
import { NodePrimitives } from './nodePrimitives.ts'
import { WorkerCoder } from './workerCoder.ts'

const CODE = { needed: 4, total: 33 }
const KEY = new Uint8Array(32)

coderSuite('pooled', async () => {
  const coder = new WorkerCoder({ threadCount: 2 })
  return { coder, primitives: new NodePrimitives(), dispose: () => coder.close() }
})

void test('jobs under way when the coder closes reject, and later ones too', async () => {
  const coder = new WorkerCoder({ threadCount: 1 })
  const jobs = Array.from({ length: 4 }, () => coder.encode({ plain: new Uint8Array(4 * MIB), key: KEY, code: CODE }))
  const outcomes = Promise.allSettled(jobs)
  await coder.close()
  for (const outcome of await outcomes) assert.ok(outcome.status === 'rejected' && isFailure(outcome.reason, 'closed'))
  const late = coder.encode({ plain: new Uint8Array(1), key: KEY, code: CODE })
  await assert.rejects(late, (error) => isFailure(error, 'closed'))
})

void test('a segment that is a view of a larger buffer leaves that buffer alone', async () => {
  const coder = new WorkerCoder({ threadCount: 1 })
  const whole = new Uint8Array(MIB)
  await coder.encode({ plain: whole.subarray(0, 512 * KIB), key: KEY, code: CODE })
  assert.equal(whole.length, MIB)
  await coder.close()
})

void test('a job that trips an assertion in its thread rejects with it, and the next one is done', async () => {
  const coder = new WorkerCoder({ threadCount: 1 })
  const impossible = { needed: 3, total: 2 }
  await assert.rejects(coder.encode({ plain: new Uint8Array(MIB), key: KEY, code: impossible }), /within bounds/)
  const stripe = await coder.encode({ plain: new Uint8Array(MIB), key: KEY, code: CODE })
  assert.equal(stripe.fragments.length, CODE.total)
  await coder.close()
})
