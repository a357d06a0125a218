/** Equality of many bytes in tests: says where they differ, for the difference of two arrays of a million takes minutes to print. */
import assert from 'node:assert/strict'

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'bytes'): void {
  assert.equal(actual.length, expected.length, `${what}: the length`)
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  assert.equal(at, -1, `${what}: first different at ${at}`)
}
