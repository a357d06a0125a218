/** A neighbourhood and the whole world have so many checks a minute, and none of them takes another's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE } from '../base/units.ts'
import { StrangerBudget } from './strangerBudget.ts'

/** How many of `tries` from these hosts, taken in turn, are admitted at `nowMs`. */
function admitted(budget: StrangerBudget, hosts: readonly string[], nowMs = 0, tries = 100): number {
  let count = 0
  for (let at = 0; at < tries; at++) if (budget.spend(hosts[at % hosts.length] ?? '', nowMs)) count++
  return count
}

void test('an IPv4 /24 and an IPv6 /48 have one share each, however their addresses are written', () => {
  const budget = new StrangerBudget({ perBlock: 3, perMinute: 1_000 })
  assert.equal(admitted(budget, ['203.0.113.1', '203.0.113.200']), 3)
  assert.equal(admitted(budget, ['203.0.112.1']), 3)
  assert.equal(admitted(budget, ['2001:db8:7:1::1', '2001:DB8:0007:2:3:4:5:6', '2001:db8:7::']), 3)
  assert.equal(admitted(budget, ['2001:db8:8::1']), 3)
  assert.equal(admitted(budget, ['2001:db8::1', '2001:db8:0:7::1']), 3)
})

void test('all together have a share too, which one neighbourhood cannot use up', () => {
  const budget = new StrangerBudget({ perBlock: 3, perMinute: 8 })
  const hosts = Array.from({ length: 10 }, (_, at) => `203.0.${String(at)}.1`)
  assert.equal(admitted(budget, ['198.51.100.1']), 3)
  assert.equal(admitted(budget, hosts), 5)
})

void test('loopback has no share of its own, only that of all', () => {
  const budget = new StrangerBudget({ perBlock: 3, perMinute: 20 })
  assert.equal(admitted(budget, ['127.0.0.1', '127.24.1.1', '::1']), 20)
})

void test('a minute later everyone has their share again', () => {
  const budget = new StrangerBudget({ perBlock: 3, perMinute: 5 })
  const hosts = ['203.0.113.1', '198.51.100.1']
  assert.equal(admitted(budget, hosts, 1_000), 5)
  assert.equal(admitted(budget, hosts, 1_000 + MINUTE - 1), 0)
  assert.equal(admitted(budget, hosts, 1_000 + MINUTE), 5)
})
