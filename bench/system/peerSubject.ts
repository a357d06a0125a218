/** Another system as a subject: a holder process that serves, and for each read a reader process with an empty store. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Party } from './party.ts'
import type { Got, Put, SmallWork, Subject } from './subject.ts'

interface SmallPut {
  readonly references: readonly unknown[]
  readonly seconds: number
}

interface SmallGot {
  readonly bytes: number
  readonly seconds: number
}

/** `peer` names a file of bench/peers. */
export async function startPeer(peer: string, dir: string): Promise<Subject> {
  const holder = await Party.start(peer, { role: 'holder', dir })
  let reads = 0
  return {
    async put(name, source, bytes): Promise<Put> {
      const cpuBefore = holder.cpuSeconds()
      const { reference, seconds } = await holder.ask<Omit<Put, 'cpuSeconds'>>({ name, source, bytes })
      return { reference, seconds, cpuSeconds: holder.cpuSeconds() - cpuBefore }
    },

    async get(reference): Promise<Got> {
      const own = join(dir, `reader-${String(reads++)}`)
      await mkdir(own)
      await using reader = await Party.start(peer, { role: 'reader', dir: own, contact: holder.contact })
      const cpuBefore = holder.cpuSeconds() + reader.cpuSeconds()
      const got = await reader.ask<Omit<Got, 'cpuSeconds'>>({ reference })
      return { ...got, cpuSeconds: holder.cpuSeconds() + reader.cpuSeconds() - cpuBefore }
    },

    async small({ count, bytes, atOnce }): Promise<SmallWork> {
      const { references, seconds } = await holder.ask<SmallPut>({ count, bytes, atOnce })
      const own = join(dir, `reader-${String(reads++)}`)
      await mkdir(own)
      await using reader = await Party.start(peer, { role: 'reader', dir: own, contact: holder.contact })
      const ask = async (): Promise<number> => {
        const got = await reader.ask<SmallGot>({ references, atOnce })
        if (got.bytes !== count * bytes) throw new Error(`${peer} gave ${String(got.bytes)} bytes`)
        return got.seconds
      }
      return { putSeconds: seconds, getSeconds: await ask(), warmGetSeconds: await ask() }
    },

    [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose](),
  }
}
