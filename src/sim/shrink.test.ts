/** What fails becomes as small as it can, always in the same way, and within the runs that are allowed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from './seededRandom.ts'
import { shrink } from './shrink.ts'

const random = new SeededRandom(1)
const SOME = random.bytes(60)

test('two bytes that matter are all that is left, as low as they may be', async () => {
  const fails = (bytes: Uint8Array): boolean => {
    const first = bytes.findIndex((byte) => byte >= 100)
    return first >= 0 && bytes.subarray(first + 1).some((byte) => byte >= 37)
  }
  assert.ok(fails(SOME))
  const { bytes, isMinimal } = await shrink(SOME, fails, { runsMax: 5000 })
  assert.deepEqual([...bytes], [100, 37])
  assert.ok(isMinimal)
})

test('bytes that must be equal are lowered together', async () => {
  const fails = ([a = 0, b = 0, c = 0, d = 0]: Uint8Array): boolean => a === b && b === c && c >= 5 && d === 5
  const { bytes } = await shrink(Uint8Array.from([99, 99, 99, 5, 1]), fails, { runsMax: 500 })
  assert.deepEqual([...bytes], [5, 5, 5, 5])
})

test('what fails in any case becomes nothing, in few runs', async () => {
  const { bytes, runs } = await shrink(SOME, () => true, { runsMax: 100 })
  assert.equal(bytes.length, 0)
  assert.ok(runs <= 10, `${runs} runs`)
})

test('what cannot be smaller stays', async () => {
  const { bytes, isMinimal } = await shrink(SOME, () => false, { runsMax: 10_000 })
  assert.deepEqual(bytes, SOME)
  assert.ok(isMinimal)
})

test('parts that do not matter are left out first: of forty parts three are found in few runs', async () => {
  const parts = Array.from({ length: 40 }, (_, nth) => Uint8Array.from([1 + nth, 9, 9, 9, 9]))
  const spansOf = (bytes: Uint8Array) =>
    Array.from({ length: Math.floor(bytes.length / 5) }, (_, nth) => ({ from: 5 * nth, to: 5 * nth + 5 }))
  const heads = (bytes: Uint8Array): number[] => spansOf(bytes).map(({ from }) => bytes[from] ?? 0)
  const fails = (bytes: Uint8Array): boolean =>
    bytes.length % 5 === 0 && [3, 17, 31].every((head) => heads(bytes).includes(head))
  const all = Uint8Array.from(parts.flatMap((part) => [...part]))
  const { bytes } = await shrink(all, fails, { runsMax: 80, spansOf })
  assert.deepEqual(heads(bytes), [3, 17, 31])
})

test('no more runs are made than allowed, none twice, and the result fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), fc.nat(50), fc.nat(255), async (given, runsMax, least) => {
      const fails = (bytes: Uint8Array): boolean => bytes.some((byte) => byte >= least)
      const bytes = Uint8Array.from(given)
      fc.pre(fails(bytes))
      const tried: string[] = []
      const result = await shrink(
        bytes,
        async (each) => {
          tried.push(each.join())
          return fails(each)
        },
        { runsMax },
      )
      assert.equal(tried.length, result.runs)
      assert.ok(result.runs <= runsMax)
      assert.equal(new Set(tried).size, tried.length)
      assert.ok(fails(result.bytes))
      if (result.isMinimal) assert.deepEqual([...result.bytes], [least])
    }),
  )
})
