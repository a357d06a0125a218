/**
 * A node's disk: outlives its processes, and each process opens its stores on it anew. With `syncMs` a write takes that long
 * to become durable, and a crash before leaves of it what the dice leave, as a real disk does; what has settled stays.
 */
import type { Clock } from '../ports/clock.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment, StoreUsage } from '../ports/fragmentStore.ts'
import type { StateStore } from '../ports/stateStore.ts'
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import type { Lifetime } from './lifetime.ts'
import type { Fault } from './memory/faults.ts'
import { MemoryFragmentStore, type FragmentDisk } from './memory/fragmentStore.ts'
import { MemoryStateStore, type StateDisk } from './memory/stateStore.ts'
import type { SeededRandom } from './seededRandom.ts'

export interface DiskOptions {
  /** How long a write takes to be durable. */
  readonly syncMs?: number
  /** Room for fragments. */
  readonly quotaBytes?: number
  /** Asked before every call of either store. */
  readonly fault?: Fault<string>
}

export class SimDisk {
  /** What is durable; checkers may read it, also while the node is down. */
  readonly fragments: FragmentDisk = new Map()
  readonly state: StateDisk = new Map()
  private readonly options: DiskOptions
  private writes: Writes | undefined

  constructor(options: DiskOptions = {}) {
    this.options = options
  }

  /** The stores of one process, which go dead with its life. */
  open(life: Lifetime, clock: Clock, random: SeededRandom): { fragments: FragmentStore; state: StateStore } {
    const { syncMs = 0, quotaBytes, fault } = this.options
    const faults = fault === undefined ? {} : { fault }
    const quota = quotaBytes === undefined ? {} : { quotaBytes }
    this.writes = new Writes({ life, clock, random, syncMs })
    return {
      fragments: new ProcessFragmentStore(
        new MemoryFragmentStore({ disk: this.fragments, ...quota, ...faults }),
        this.writes,
      ),
      state: new ProcessStateStore(new MemoryStateStore({ disk: this.state, ...faults }), this.writes),
    }
  }

  /** The process is gone: of every write that was under way, each part is on the disk or not. */
  crash(): void {
    this.writes?.crash()
    this.writes = undefined
  }
}

type Part = () => Promise<void>

/** The calls of one process to its disk, and which of its writes are not durable yet. */
class Writes {
  private readonly deps: {
    readonly life: Lifetime
    readonly clock: Clock
    readonly random: SeededRandom
    syncMs: number
  }
  /** Made for the first write that takes time. */
  private unsynced: Set<readonly Part[]> | undefined

  constructor(deps: { life: Lifetime; clock: Clock; random: SeededRandom; syncMs: number }) {
    this.deps = deps
  }

  read<T>(call: () => Promise<T>): Promise<T> {
    const { life } = this.deps
    return life.ended ? new Promise<never>(() => undefined) : life.bind(call())
  }

  /** `whole` when all goes well; any of `parts` when the process crashes before. */
  write(whole: Part, parts: () => readonly Part[]): Promise<void> {
    const { syncMs, clock } = this.deps
    if (syncMs === 0) return this.read(whole)
    return this.read(async () => {
      const unsynced = parts()
      const all = (this.unsynced ??= new Set())
      all.add(unsynced)
      await clock.sleep(syncMs)
      all.delete(unsynced)
      await whole()
    })
  }

  crash(): void {
    if (this.unsynced === undefined) return
    const dice = this.deps.random.fork('disk')
    for (const part of [...this.unsynced].flat()) {
      // A part that fails now is one that did not reach the disk.
      if (dice.integer(2) === 0) part().catch(() => undefined)
    }
    this.unsynced.clear()
  }
}

class ProcessFragmentStore implements FragmentStore {
  private readonly store: FragmentStore
  private readonly writes: Writes

  constructor(store: FragmentStore, writes: Writes) {
    this.store = store
    this.writes = writes
  }

  put(fragments: readonly StoredFragment[], lease: Lease): Promise<void> {
    const { store } = this
    return this.writes.write(
      () => store.put(fragments, lease),
      () => fragments.map((fragment) => () => store.put([fragment], lease)),
    )
  }

  get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    return this.writes.read(() => this.store.get(stripe, index))
  }

  held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.writes.read(() => this.store.held(stripe))
  }

  list(options: { readonly after?: StripeId; readonly limit: number }): Promise<readonly HeldStripe[]> {
    return this.writes.read(() => this.store.list(options))
  }

  async renew(stripe: StripeId, expiresMs: number): Promise<boolean> {
    let isHeld = false
    const whole = async (): Promise<void> => {
      isHeld = await this.store.renew(stripe, expiresMs)
    }
    await this.writes.write(whole, () => [whole])
    return isHeld
  }

  delete(stripe: StripeId, index: number): Promise<void> {
    const whole = (): Promise<void> => this.store.delete(stripe, index)
    return this.writes.write(whole, () => [whole])
  }

  usage(): StoreUsage {
    return this.store.usage()
  }

  close(): Promise<void> {
    return this.writes.read(() => this.store.close())
  }
}

class ProcessStateStore implements StateStore {
  private readonly store: StateStore
  private readonly writes: Writes

  constructor(store: StateStore, writes: Writes) {
    this.store = store
    this.writes = writes
  }

  get(key: string): Promise<Bytes | undefined> {
    return this.writes.read(() => this.store.get(key))
  }

  put(key: string, value: Uint8Array): Promise<void> {
    const whole = (): Promise<void> => this.store.put(key, value)
    return this.writes.write(whole, () => [whole])
  }

  delete(key: string): Promise<void> {
    const whole = (): Promise<void> => this.store.delete(key)
    return this.writes.write(whole, () => [whole])
  }

  keys(prefix: string, limit: number): Promise<readonly string[]> {
    return this.writes.read(() => this.store.keys(prefix, limit))
  }

  close(): Promise<void> {
    return this.writes.read(() => this.store.close())
  }
}
