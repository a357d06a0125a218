/** Contacts survive being handed on as text, and nothing else passes for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../base/failure.ts'
import { parseContact, printContact } from './contactText.ts'

const ID = 'ab'.repeat(32)

test('what is printed is parsed again', () => {
  for (const address of ['tls://127.0.0.1:4101', 'tls://[2001:db8::7]:65535']) {
    const contact = parseContact(`${ID}@${address}`)
    assert.deepEqual([contact.id, contact.addresses], [ID, [address]])
    assert.equal(printContact(contact), `${ID}@${address}`)
  }
})

test('everything else is refused as invalid', () => {
  const near = [
    '',
    ID,
    `${ID}@`,
    `${ID}@tls://host:1`,
    `${ID}@tls://127.0.0.1`,
    `${ID}@tls://1.2.3.4:1@x`,
    `x@tls://1.2.3.4:1`,
  ]
  const isRefused = (text: string): boolean => {
    try {
      parseContact(text)
      return false
    } catch (error) {
      return isFailure(error, 'invalid')
    }
  }
  for (const text of near) assert.ok(isRefused(text), text)
  fc.assert(fc.property(fc.string(), isRefused))
})
