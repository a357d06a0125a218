/** What every StateStore must do, whatever it keeps its values on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import { isFailure } from '../../base/failure.ts'
import { MIB } from '../../base/units.ts'
import type { StateStore } from '../../ports/stateStore.ts'

/** One disk, on which stores are opened one after another. */
export interface StateStoreRig {
  open(): Promise<StateStore>
  dispose(): Promise<void>
}

export function stateStoreSuite(name: string, setup: () => Promise<StateStoreRig>): void {
  const check = (behaviour: string, body: (rig: StateStoreRig) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const rig = await setup()
      try {
        await body(rig)
      } finally {
        await rig.dispose()
      }
    })
  }

  check('a value comes back as it was put, also after reopening', async (rig) => {
    const first = await rig.open()
    await first.put('peers', utf8('first'))
    await first.put('peers', utf8('second'))
    await first.put('empty', new Uint8Array(0))
    await first.close()
    const second = await rig.open()
    assert.deepEqual(await second.get('peers'), utf8('second'))
    assert.deepEqual(await second.get('empty'), new Uint8Array(0))
    assert.equal(await second.get('nothing'), undefined)
    await second.close()
  })

  check('the longest key and the largest value are kept', async (rig) => {
    const store = await rig.open()
    const key = '€'.repeat(500)
    const value = new Uint8Array(16 * MIB).fill(7)
    await store.put(key, value)
    const got = await store.get(key)
    assert.ok(got !== undefined && Buffer.compare(got, value) === 0)
    assert.deepEqual(await store.keys('€', 10), [key])
    await store.close()
  })

  check('neither the array put nor the array got is the one kept', async (rig) => {
    const store = await rig.open()
    const value = utf8('before')
    await store.put('key', value)
    value.fill(0)
    const got = await store.get('key')
    got?.fill(1)
    assert.deepEqual(await store.get('key'), utf8('before'))
    await store.close()
  })

  check('a deleted value is gone, and deleting again does nothing', async (rig) => {
    const first = await rig.open()
    await first.put('key', utf8('value'))
    await first.delete('key')
    await first.delete('key')
    await first.close()
    const second = await rig.open()
    assert.equal(await second.get('key'), undefined)
    assert.deepEqual(await second.keys('', 10), [])
    await second.close()
  })

  check('keys lists those with the prefix, ascending by UTF-8, up to the limit', async (rig) => {
    const store = await rig.open()
    const put = [
      'journal/b',
      'journal/',
      'journal/a\0',
      'journal/a',
      'journal',
      'journal0',
      'journal/\u{1f600}',
      'journal/\uffff',
    ]
    for (const key of put) await store.put(key, utf8(key))
    const expected = ['journal/', 'journal/a', 'journal/a\0', 'journal/b', 'journal/\uffff', 'journal/\u{1f600}']
    assert.deepEqual(await store.keys('journal/', 100), expected)
    assert.deepEqual(await store.keys('journal/', 2), expected.slice(0, 2))
    assert.deepEqual(await store.keys('nothing', 100), [])
    assert.equal((await store.keys('', 100)).length, put.length)
    await store.close()
  })

  check('many puts at once are all kept', async (rig) => {
    const store = await rig.open()
    const keys = Array.from({ length: 100 }, (_, at) => `key/${String(at).padStart(3, '0')}`)
    await Promise.all(keys.map((key) => store.put(key, utf8(key))))
    assert.deepEqual(await store.keys('key/', 1000), keys)
    await store.close()
  })

  check('puts to one key at once leave the last', async (rig) => {
    const store = await rig.open()
    await Promise.all(['a', 'b', 'c'].map((value) => store.put('key', utf8(value))))
    assert.deepEqual(await store.get('key'), utf8('c'))
    await store.close()
  })

  check('a closed store refuses and may be closed again', async (rig) => {
    const store = await rig.open()
    await store.close()
    await store.close()
    await assert.rejects(store.get('key'), (error) => isFailure(error, 'closed'))
    await assert.rejects(store.put('key', utf8('value')), (error) => isFailure(error, 'closed'))
  })
}
