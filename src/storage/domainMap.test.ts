/** Tables of prefixes: the longest counts, and what is malformed is named by its line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DomainMap } from './domainMap.ts'
import { DOMAIN_LINES_MAX, DOMAIN_NAME_CHARS_MAX } from './limits.ts'

function mapOf(text: string): DomainMap {
  const parsed = DomainMap.parse(text)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error)
  return parsed.value
}

test('the longest prefix names an address, in either way of writing and in IPv6 too', () => {
  const map = mapOf(`# who has which
10.0.0.0/8 AS1
10.1.0.0\t16\t2   # pfx2as has tabs
10.1.2.0/24 house

2001:db8::/32 AS6
2001:db8:0:1::/64 rack
2001:db8:0:1::5/128 host`)
  const names = ['10.9.9.9', '10.1.9.9', '10.1.2.255', '10.1.3.0', '11.0.0.0', '9.255.255.255', '::ffff:10.1.2.3']
  assert.deepEqual(
    names.map((host) => map.nameOf(host)),
    ['AS1', '2', 'house', '2', undefined, undefined, 'house'],
  )
  assert.deepEqual(
    ['2001:db8::1', '2001:db8:0:1::5', '2001:DB8:0:1:ffff::', '2001:db9::'].map((host) => map.nameOf(host)),
    ['AS6', 'rack', 'rack', undefined],
  )
  for (const host of ['node.example', '', '10.1.2', '10.1.2.256', '1:2', ':::', '1::2::3', '10.0.0.1:80']) {
    assert.equal(map.nameOf(host), undefined, host)
  }
})

test('the whole of the addresses and the last of them have names too', () => {
  const map = mapOf('0.0.0.0/0 all\n255.255.255.255/32 last\n::/0 six\nffff::/16 end')
  assert.deepEqual(
    ['1.2.3.4', '255.255.255.254', '255.255.255.255', '::1', 'ffff:ffff:ffff:ffff::1'].map((host) => map.nameOf(host)),
    ['all', 'all', 'last', 'six', 'end'],
  )
})

test('a line that is not a prefix and a name is refused by its number', () => {
  const bad = ['10.0.0.0 AS1', '10.0.0.0/33 AS1', '10.0.0/8 AS1', '10.0.0.0/8', '10.0.0.0/8 AS1 AS2', '::/129 AS1']
  for (const line of [
    ...bad,
    'x/8 AS1',
    `10.0.0.0/8 ${'x'.repeat(DOMAIN_NAME_CHARS_MAX + 1)}`,
    '10.0.0.0/-1 A',
    '/8 A',
  ]) {
    const parsed = DomainMap.parse(`# first\n${line}\n`)
    assert.ok(!parsed.ok && parsed.error.startsWith('line 2 is not PREFIX/LENGTH NAME'), line)
  }
  assert.ok(!DomainMap.parse('\n'.repeat(DOMAIN_LINES_MAX + 1)).ok)
})

const prefix = fc.record({
  first: fc.nat(0xffff),
  length: fc.integer({ min: 16, max: 32 }),
  name: fc.constantFrom('a', 'b', 'c'),
})

test('whatever the prefixes, an address has the name of the longest of those around it', () => {
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 12 }), fc.nat(0xffff), (prefixes, address) => {
      const hostOf = (low: number): string => `10.7.${low >> 8}.${low & 255}`
      const map = mapOf(prefixes.map(({ first, length, name }) => `${hostOf(first)}/${length} ${name}`).join('\n'))
      const around = prefixes.filter(({ first, length }) => first >> (32 - length) === address >> (32 - length))
      const longest = Math.max(...around.map(({ length }) => length))
      assert.equal(map.nameOf(hostOf(address)), around.findLast(({ length }) => length === longest)?.name)
    }),
  )
})
