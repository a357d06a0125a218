/** Addresses have one form each, and whatever else strangers send is not dialled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTlsAddress, parseTlsAddress, plainHost } from './tlsAddress.ts'

void test('every IP address and port comes back from its text', () => {
  const host = fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::7', 'fe80::1'))
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65535 }), (host, port) => {
      assert.deepEqual(parseTlsAddress(formatTlsAddress({ host, port })), { host, port })
    }),
  )
})

void test('names, impossible ports and other schemes are no addresses', () => {
  const strange = [
    'tls://localhost:1',
    'tls://1.2.3.4',
    'tls://1.2.3.4:0',
    'tls://1.2.3.4:65536',
    'tls://1.2.3.4:01',
    'tls://1.2.3:80',
    'tls://::1:80',
    'tls://[1.2.3.4]:80',
    'tls://[::1%eth0]:80',
    'tls://1.2.3.4:80/',
    ' tls://1.2.3.4:80',
    'tls://256.1.1.1:80',
    'tcp://1.2.3.4:80',
    'sim://7',
    '',
  ]
  for (const address of strange) assert.equal(parseTlsAddress(address), undefined, address)
})

void test('IPv4 seen through an IPv6 socket is the same host', () => {
  assert.equal(plainHost('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(plainHost('::1'), '::1')
  assert.equal(plainHost('127.0.0.1'), '127.0.0.1')
})
