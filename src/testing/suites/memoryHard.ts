/**
 * What every MemoryHard must do. The standard's own vector is a suite apart: worlds put a cheap hash in its place, which behaves
 * alike and gives other bytes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex, utf8, type Bytes } from '../../base/bytes.ts'
import type { Argon2idInput, MemoryHard } from '../../ports/memoryHard.ts'

export function memoryHardSuite(name: string, memoryHard: MemoryHard): void {
  const input: Argon2idInput = {
    password: filled(32, 1),
    salt: utf8('eight or more'),
    memoryKib: 32,
    passes: 1,
    lanes: 1,
    tagBytes: 32,
  }

  void test(`${name}: a tag is as long as asked for and the same every time`, async () => {
    const tag = await memoryHard.argon2id(input)
    assert.equal(tag.length, 32)
    assert.deepEqual(await memoryHard.argon2id(input), tag)
    assert.equal((await memoryHard.argon2id({ ...input, tagBytes: 20 })).length, 20)
    assert.deepEqual(input.password, filled(32, 1))
  })

  void test(`${name}: a tag depends on everything that goes in`, async () => {
    const changes: readonly Partial<Argon2idInput>[] = [
      {},
      { password: filled(32, 2) },
      { password: filled(31, 1) },
      { salt: utf8('eight and more') },
      { secret: filled(8, 3) },
      { associatedData: filled(8, 3) },
      { memoryKib: 40 },
      { passes: 2 },
      { lanes: 2 },
    ]
    const tags = await Promise.all(changes.map((change) => memoryHard.argon2id({ ...input, ...change })))
    assert.equal(new Set(tags.map(toHex)).size, changes.length)
  })
}

/** RFC 9106, section 5.3. */
export function standardMemoryHardSuite(name: string, memoryHard: MemoryHard): void {
  void test(`${name}: the tag is Argon2id’s (RFC 9106, 5.3)`, async () => {
    const tag = await memoryHard.argon2id({
      password: filled(32, 1),
      salt: filled(16, 2),
      secret: filled(8, 3),
      associatedData: filled(12, 4),
      memoryKib: 32,
      passes: 3,
      lanes: 4,
      tagBytes: 32,
    })
    assert.equal(toHex(tag), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
  })
}

function filled(length: number, byte: number): Bytes {
  return new Uint8Array(length).fill(byte)
}
