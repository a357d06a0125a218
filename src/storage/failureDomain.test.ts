/** Nodes of one /24 or /48 share a failure domain, however their addresses are written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../base/id.ts'
import { failureDomain } from './failureDomain.ts'

function domain(...addresses: readonly string[]): string {
  return failureDomain({ id: 'a'.repeat(64) as NodeId, addresses })
}

test('a domain is an IPv4 /24 or an IPv6 /48, whatever the port and the spelling', () => {
  assert.equal(domain('tls://127.24.3.9:4101'), '127.24.3')
  assert.equal(domain('tls://127.24.3.77:80'), domain('sim://127.24.3.9:7'))
  assert.notEqual(domain('tls://127.24.3.9:1'), domain('tls://127.24.4.9:1'))
  assert.equal(domain('tls://[2001:db8:7:1::5]:1'), domain('tls://[2001:0db8:0007:ffff:1:2:3:4]:2'))
  assert.equal(domain('tls://[2001:db8::5]:1'), domain('tls://[2001:db8:0:9::1]:1'))
  assert.notEqual(domain('tls://[2001:db8:1::5]:1'), domain('tls://[2001:db8:2::5]:1'))
  assert.equal(domain('tls://[::1]:1'), domain('tls://[0:0:0:0:0:0:0:1]:1'))
  assert.equal(domain('tls://[::ffff:127.24.3.9]:1'), '127.24.3')
})

test('names are domains of their own, and so are nodes without an address', () => {
  assert.equal(domain('tls://node.example:1'), 'node.example')
  assert.equal(domain(), 'a'.repeat(64))
})
