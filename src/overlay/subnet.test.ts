/** Addresses in one network are one subnet, whatever form they have; those in two are two. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tinyId } from '../testing/tinyId.ts'
import { networkOf, subnetOf, subnetOfHost } from './subnet.ts'

function contactAt(...addresses: readonly string[]) {
  return { id: tinyId(1), addresses }
}

test('an IPv4 /24 is a subnet and its /16 a network, however the address is written', () => {
  const subnet = subnetOfHost('203.0.113.7')
  assert.equal(subnetOfHost('203.0.113.250'), subnet)
  assert.equal(subnetOfHost('::ffff:203.0.113.9'), subnet)
  assert.equal(subnetOf(contactAt('tls://203.0.113.1:4101')), subnet)
  assert.notEqual(subnetOfHost('203.0.114.7'), subnet)
  assert.equal(networkOf(subnetOfHost('203.0.114.7')), networkOf(subnet))
  assert.notEqual(networkOf(subnetOfHost('203.1.113.7')), networkOf(subnet))
})

test('an IPv6 /48 is a subnet', () => {
  const subnet = subnetOfHost('2001:db8:7:1::1')
  assert.equal(subnetOfHost('2001:db8:7:ffff:1:2:3:4'), subnet)
  assert.equal(subnetOf(contactAt('tls://[2001:0db8:0007::9]:4101')), subnet)
  assert.notEqual(subnetOfHost('2001:db8:8::1'), subnet)
  assert.equal(networkOf(subnet), subnet)
})

test('where a contact was seen counts, not where it says it is', () => {
  const claimed = contactAt('tls://198.51.100.1:4101')
  assert.equal(subnetOf(claimed, '203.0.113.7'), subnetOfHost('203.0.113.1'))
  assert.equal(subnetOf(claimed), subnetOfHost('198.51.100.200'))
})
