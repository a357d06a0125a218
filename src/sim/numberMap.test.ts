/** A map of numbers does what a Map does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ABSENT, NumberMap } from './numberMap.ts'

test('against a Map, under any mix of setting, deleting, reading and clearing', () => {
  const key = fc.oneof(fc.nat(40), fc.constantFrom(2 ** 31 - 1, 2 ** 30, 2 ** 24))
  const step = fc.record({ what: fc.constantFrom('set', 'set', 'set', 'delete', 'get', 'clear'), key, value: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const [map, model] = [new NumberMap(), new Map<number, number>()]
      for (const { what, key, value } of steps) {
        const known = model.get(key) ?? ABSENT
        if (what === 'set') {
          assert.equal(map.set(key, value), known)
          model.set(key, value)
        }
        if (what === 'delete') {
          assert.equal(map.delete(key), known)
          model.delete(key)
        }
        if (what === 'clear' && key === 0) {
          map.clear()
          model.clear()
        }
        assert.equal(map.get(key), model.get(key) ?? ABSENT)
        assert.equal(map.size, model.size)
        assert.deepEqual(map.values(), [...model.values()])
      }
    }),
  )
})

test('keys that come and go for ever take no more room', () => {
  const map = new NumberMap()
  const before = process.memoryUsage().arrayBuffers
  for (let key = 0; key < 1_000_000; key++) {
    map.set(key, key)
    map.delete(key - 10)
  }
  assert.equal(map.size, 10)
  assert.deepEqual(
    map.values(),
    [999_990, 999_991, 999_992, 999_993, 999_994, 999_995, 999_996, 999_997, 999_998, 999_999],
  )
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
})
