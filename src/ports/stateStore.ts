/** A node's own small durable state by key: known peers, journals. Acceptance suite: testing/suites/stateStore.ts. */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'

export const STATE_KEY_CHARS_MAX = 500
export const STATE_VALUE_BYTES_MAX = 16 * 1024 * 1024

export interface StateStore {
  /** Undefined when nothing is kept there. Rejects with `storage`. */
  get(key: string): Promise<Bytes | undefined>
  /** Durable once it settles. Keys have 1 .. 500 characters of well-formed text, values at most 16 MiB. Rejects with `no-space` or `storage`. */
  put(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  /** Keys that begin with `prefix`, ascending by UTF-8, at most `limit`. */
  keys(prefix: string, limit: number): Promise<readonly string[]>
  close(): Promise<void>
}

/** Keys come from the node's own code: a wrong one is a bug. */
export function assertStateKey(key: string): void {
  assert(key.length >= 1 && key.length <= STATE_KEY_CHARS_MAX, 'a state key has 1 .. 500 characters')
  assert(key.isWellFormed(), 'a state key is well-formed text')
}
