/** Crowds, told of one contact at a time, are those that counting all anew finds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crowdsAfter, NO_CROWDS } from './crowds.ts'
import { PER_NETWORK, PER_SUBNET } from './limits.ts'
import { networkOf, subnetOfHost, type Subnet } from './subnet.ts'

/** Few enough networks for each to be a crowd now and then. */
const subnets = fc
  .record({ network: fc.integer({ min: 1, max: 2 }), subnet: fc.integer({ min: 0, max: 5 }) })
  .map(({ network, subnet }) => subnetOfHost(`10.${network}.${subnet}.1`))

function counted(all: readonly Subnet[], least: number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1)
  return new Map([...counts].filter(([, count]) => count >= least))
}

test('after any coming and going the crowds are those that counting finds', () => {
  let crowdedCount = 0
  fc.assert(
    fc.property(
      fc.array(fc.record({ subnet: subnets, goes: fc.boolean() }), { minLength: 100, maxLength: 160 }),
      (steps) => {
        let live: Subnet[] = []
        let crowds = NO_CROWDS
        for (const { subnet, goes } of steps) {
          const at = live.indexOf(subnet)
          if (goes && at >= 0 && crowdedCount % 2 === 1) live = live.toSpliced(at, 1)
          else live = [...live, subnet]
          crowds = crowdsAfter(crowds, subnet, [live])
          if (crowds !== NO_CROWDS) crowdedCount++
          assert.deepEqual(crowds.subnets, counted(live, PER_SUBNET))
          assert.deepEqual(crowds.networks, counted(live.map(networkOf), PER_NETWORK))
        }
      },
    ),
    { numRuns: 100 },
  )
  assert.ok(crowdedCount > 100)
})

test('what changes no crowd gives the same object', () => {
  const subnet = subnetOfHost('10.0.0.1')
  assert.equal(crowdsAfter(NO_CROWDS, subnet, [[subnet]]), NO_CROWDS)
})
