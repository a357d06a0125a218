/** Rot: random bytes of what a node keeps are flipped while it is down, beneath the database, which itself stays sound. */
import { join } from 'node:path'
import { LmdbEnvironment } from '../src/drivers/lmdbEnvironment.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'

/** Changes one byte in about `share` of the fragments kept in the node's home, and returns in how many. */
export async function rotFragments(home: string, share: number, random: SeededRandom): Promise<number> {
  const environment = await LmdbEnvironment.open(join(home, 'fragments'))
  try {
    const bulk = environment.table('bulk')
    const keys = environment.read(() => [...bulk.getKeys({})]).filter(() => random.integer(1e6) < share * 1e6)
    await environment.write(0, () => {
      for (const key of keys) void bulk.put(key, flipped(bulk.getBinary(key) ?? new Uint8Array(1), random))
    })
    return keys.length
  } finally {
    await environment.close()
  }
}

function flipped(value: Uint8Array, random: SeededRandom): Uint8Array {
  const rotten = new Uint8Array(value)
  const at = random.integer(rotten.length)
  rotten[at] = (rotten[at] as number) ^ (1 + random.integer(255))
  return rotten
}
