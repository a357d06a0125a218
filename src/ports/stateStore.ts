/** A node's own small durable state by key: known peers, journals. Acceptance suite: testing/suites/stateStore.ts. */
import type { Bytes } from '../base/bytes.ts'

export interface StateStore {
  get(key: string): Promise<Bytes | undefined>
  /** Durable once it settles. Keys have 1 .. 500 characters, values at most 16 MiB. Rejects with `no-space` or `storage`. */
  put(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  /** Keys that begin with `prefix`, ascending by UTF-8, at most `limit`. */
  keys(prefix: string, limit: number): Promise<readonly string[]>
  close(): Promise<void>
}
