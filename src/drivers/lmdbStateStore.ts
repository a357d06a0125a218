/** The StateStore port on LMDB: one table, keys in UTF-8. */
import { assert, present } from '../base/assert.ts'
import { fromUtf8, utf8, type Bytes } from '../base/bytes.ts'
import { assertStateKey, STATE_VALUE_BYTES_MAX, type StateStore } from '../ports/stateStore.ts'
import { LmdbEnvironment, type ByteTable } from './lmdbEnvironment.ts'

export class LmdbStateStore implements StateStore {
  private readonly environment: LmdbEnvironment
  private readonly table: ByteTable

  private constructor(environment: LmdbEnvironment) {
    this.environment = environment
    this.table = environment.table('state')
  }

  /** Rejects with `refused` while another process has the folder open, and with `storage` when it cannot be used. */
  static async open(folder: string): Promise<LmdbStateStore> {
    const environment = await LmdbEnvironment.open(folder)
    try {
      return new LmdbStateStore(environment)
    } catch (error) {
      await environment.close()
      throw error
    }
  }

  async get(key: string): Promise<Bytes | undefined> {
    assertStateKey(key)
    return this.environment.read(() => {
      const value = this.table.getBinary(utf8(key))
      return value && new Uint8Array(value)
    })
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    assertStateKey(key)
    assert(value.length <= STATE_VALUE_BYTES_MAX, 'a state value has at most 16 MiB')
    const kept = new Uint8Array(value)
    await this.environment.write(kept.length, () => void this.table.put(utf8(key), kept))
  }

  async delete(key: string): Promise<void> {
    assertStateKey(key)
    await this.environment.write(0, () => void this.table.remove(utf8(key)))
  }

  async keys(prefix: string, limit: number): Promise<readonly string[]> {
    return this.environment.read(() => {
      const start = utf8(prefix)
      const found: string[] = []
      for (const key of this.table.getKeys({ start, limit })) {
        const text = present(fromUtf8(key), 'keys are written from text')
        if (!text.startsWith(prefix)) break
        found.push(text)
      }
      return found
    })
  }

  async close(): Promise<void> {
    await this.environment.close()
  }
}
