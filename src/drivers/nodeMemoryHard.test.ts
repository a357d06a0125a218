/** Argon2 of node:crypto passes the port's suite, and a Node without it says what to do. */
import assert from 'node:assert/strict'
import type * as crypto from 'node:crypto'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { memoryHardSuite, standardMemoryHardSuite } from '../testing/suites/memoryHard.ts'
import { NodeMemoryHard } from './nodeMemoryHard.ts'

const INPUT = {
  password: new Uint8Array(32),
  salt: new Uint8Array(8),
  memoryKib: 8,
  passes: 1,
  lanes: 1,
  tagBytes: 32,
}

memoryHardSuite('node:crypto', new NodeMemoryHard())
standardMemoryHardSuite('node:crypto', new NodeMemoryHard())

void test('a Node that has no Argon2 says which one has', async () => {
  const memoryHard = new NodeMemoryHard({ argon2: undefined })
  await assert.rejects(
    memoryHard.argon2id(INPUT),
    (error) => isFailure(error, 'refused') && error.message.includes('24.7'),
  )
})

void test('a machine without the memory says so', async () => {
  const failing = ((...[, , callback]: Parameters<typeof crypto.argon2>) => {
    callback(new Error('no memory'), Buffer.alloc(0))
  }) as typeof crypto.argon2
  const memoryHard = new NodeMemoryHard({ argon2: failing })
  await assert.rejects(
    memoryHard.argon2id(INPUT),
    (error) => isFailure(error, 'refused') && error.message.includes('memory'),
  )
})
