/** Who keeps what of a stripe: fragments counted once, by node and by failure domain. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { countedOnce, Keepers } from './keepers.ts'

function contact(name: string, host: string): Contact {
  return { id: name.repeat(64) as NodeId, addresses: [`tls://${host}:1`] }
}

test('holders are grouped by failure domain, and those that keep nothing are none', () => {
  const keepers = new Keepers()
  keepers.add(contact('a', '127.1.1.1'), [0, 1, 2])
  keepers.add(contact('b', '127.1.1.2'), [3, 4])
  keepers.add(contact('c', '127.1.2.1'), [5])
  keepers.add(contact('d', '127.1.3.1'), [])
  assert.deepEqual([keepers.aliveCount, keepers.holderCount, keepers.domainCount], [6, 3, 2])
  assert.deepEqual([...keepers.heldByHolder().values()], [3, 2, 1])
  assert.deepEqual(
    [...keepers.heldByDomain()],
    [
      ['127.1.1', 5],
      ['127.1.2', 1],
    ],
  )
  assert.equal(keepers.domainShareMax, 5 / 6)
})

test('a fragment in two domains lies in both of them and counts for one', () => {
  const keepers = new Keepers()
  keepers.add(contact('a', '127.1.1.1'), [0, 1])
  keepers.add(contact('b', '127.1.2.1'), [0, 1])
  assert.deepEqual([keepers.aliveCount, keepers.domainShareMax], [2, 1])
  assert.deepEqual([...keepers.heldByHolder().values()], [1, 1])
  assert.deepEqual([...keepers.heldByDomain().values()], [1, 1])
  assert.equal(new Keepers().domainShareMax, 0)
})

const kept = fc.array(fc.uniqueArray(fc.nat(12), { maxLength: 10 }), { minLength: 1, maxLength: 8 })

test('whoever departs, those who stay keep at least what counts for them, and all together exactly that', () => {
  fc.assert(
    fc.property(kept, fc.nat(255), (lists, gone) => {
      const counts = [...countedOnce(new Map(lists.map((indices, at) => [String(at), new Set(indices)]))).values()]
      const stays = (_: unknown, at: number): boolean => ((gone >> at) & 1) === 0
      const counted = counts.filter(stays).reduce((sum, count) => sum + count, 0)
      assert.ok(new Set(lists.filter(stays).flat()).size >= counted)
      assert.equal(
        new Set(lists.flat()).size,
        counts.reduce((sum, count) => sum + count, 0),
      )
    }),
  )
})

test('the order in which holders answer changes nothing', () => {
  fc.assert(
    fc.property(kept, (lists) => {
      const entries = lists.map((indices, at) => [String(at), new Set(indices)] as const)
      const backwards = entries.map(([name, set]) => [name, new Set([...set].reverse())] as const).reverse()
      assert.deepEqual([...countedOnce(new Map(entries))], [...countedOnce(new Map(backwards))])
    }),
  )
})
