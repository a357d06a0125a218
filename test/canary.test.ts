/** Nothing that a user stores is ever in clear on a disk or a wire: a plaintext that would be recognised anywhere is searched for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, equal, utf8, type Bytes } from '../src/base/bytes.ts'
import { MIB } from '../src/base/units.ts'
import type { TreeEntry, TreeSource } from '../src/vault/directory.ts'
import { DirectoryStore } from '../src/vault/directoryStore.ts'
import { once, StorageWorld } from '../src/testing/storageWorld.ts'
import { wiretap } from '../src/testing/wiretap.ts'

/** Repeated, so that every window of 16 bytes of it is one of its 16 rotations. */
const CANARY = utf8('canary-plaintext')

const ROTATIONS = Array.from(CANARY, (_, at) => Buffer.from(concat(CANARY.subarray(at), CANARY.subarray(0, at))))

function canary(length: number): Bytes {
  return Uint8Array.from({ length }, (_, at) => CANARY[at % CANARY.length] as number)
}

function occurrences(bytes: Uint8Array, needles: readonly Buffer[]): number {
  const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return needles.filter((needle) => hay.includes(needle)).length
}

test('a recognisable plaintext is on no disk and in no frame, by content, media type or name', async () => {
  const sent: Uint8Array[] = []
  const storage = await StorageWorld.start({
    seed: 1,
    alter: ({ transport }) => ({ transport: wiretap(transport, (bytes) => sent.push(bytes.slice())) }),
  })
  const type = Buffer.from(CANARY).toString()
  for (const size of [48, 3_000, 100_000, MIB + 7]) {
    const { capability } = await storage.put(0, canary(size), { type })
    assert.ok(equal(await storage.read(5, capability), canary(size)))
  }
  const directories = new DirectoryStore(storage.node(0).objects)
  await storage.until(directories.put(tree(type)))

  const onDisks: Uint8Array[] = []
  const roots: Buffer[] = []
  for (let node = 0; node < storage.world.nodeCount; node++) {
    for (const byIndex of storage.world.disk(node).fragments.values()) {
      for (const { fragment } of byIndex.values()) {
        onDisks.push(fragment.data, fragment.proof)
        roots.push(Buffer.from(fragment.header.merkleRoot))
      }
    }
    for (const state of storage.world.disk(node).state.values()) onDisks.push(state)
  }
  for (const places of [sent, onDisks]) {
    assert.ok(places.reduce((sum, bytes) => sum + bytes.length, 0) > 3 * MIB, 'there is something to search')
    assert.equal(places.filter((bytes) => occurrences(bytes, ROTATIONS) > 0).length, 0)
  }
  // What must be there is found by the same search.
  assert.ok(sent.some((bytes) => occurrences(bytes, roots.slice(0, 1)) > 0))
  assert.ok(occurrences(canary(100), ROTATIONS) === 16)
})

async function* tree(name: string): AsyncGenerator<TreeSource> {
  const common: Omit<TreeEntry, 'path' | 'kind'> = { mode: 0o644, modifiedUs: 0, size: 0, type: name, target: name }
  yield { entry: { ...common, path: name, kind: 'directory' }, content: once(new Uint8Array(0)) }
  yield { entry: { ...common, path: `${name}/${name}`, kind: 'file' }, content: once(canary(100)) }
  yield { entry: { ...common, path: `${name}/link`, kind: 'symlink' }, content: once(new Uint8Array(0)) }
}
