/** The StateStore port in memory: the simulated disk for a node's own state. */
import { assert } from '../../base/assert.ts'
import { utf8, type Bytes } from '../../base/bytes.ts'
import { Failure } from '../../base/failure.ts'
import { assertStateKey, STATE_VALUE_BYTES_MAX, type StateStore } from '../../ports/stateStore.ts'
import { mayFail, type Fault } from './faults.ts'

/** What a store keeps; outlives it, so that a restarted node finds it again. */
export type StateDisk = Map<string, Bytes>

export interface MemoryStateStoreOptions {
  /** A disk from an earlier run; by default an empty one. */
  readonly disk?: StateDisk
  /** Bytes of values above which puts reject with `no-space`; by default without end. */
  readonly quotaBytes?: number
  readonly fault?: Fault<'put' | 'get' | 'keys' | 'delete'>
}

export class MemoryStateStore implements StateStore {
  private readonly disk: StateDisk
  private readonly quotaBytes: number
  private readonly fault: MemoryStateStoreOptions['fault']
  private bytes = 0
  private closed = false

  constructor(options: MemoryStateStoreOptions = {}) {
    this.disk = options.disk ?? new Map<string, Bytes>()
    this.quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY
    this.fault = options.fault
    for (const value of this.disk.values()) this.bytes += value.length
  }

  async get(key: string): Promise<Bytes | undefined> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'get')
    return this.disk.get(key)?.slice()
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    assertStateKey(key)
    assert(value.length <= STATE_VALUE_BYTES_MAX, 'a state value has at most 16 MiB')
    this.refuseWhenClosed()
    mayFail(this.fault, 'put')
    const grownBytes = this.bytes + value.length - (this.disk.get(key)?.length ?? 0)
    if (grownBytes > this.quotaBytes) throw new Failure('no-space', 'the quota of this store is used up')
    this.bytes = grownBytes
    this.disk.set(key, new Uint8Array(value))
  }

  async delete(key: string): Promise<void> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'delete')
    this.bytes -= this.disk.get(key)?.length ?? 0
    this.disk.delete(key)
  }

  async keys(prefix: string, limit: number): Promise<readonly string[]> {
    this.refuseWhenClosed()
    mayFail(this.fault, 'keys')
    const matching = [...this.disk.keys()].filter((key) => key.startsWith(prefix))
    return matching.sort(compareUtf8).slice(0, limit)
  }

  async close(): Promise<void> {
    this.closed = true
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Failure('closed', 'this store is closed')
  }
}

/** UTF-16 order differs from UTF-8's above U+FFFF. */
function compareUtf8(a: string, b: string): number {
  const left = utf8(a)
  const right = utf8(b)
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
