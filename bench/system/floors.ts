/** What this machine can do bare, measured in the same run: links, hashing, ciphering, coding, the store, the disk, memory. */
import { randomBytes } from 'node:crypto'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pid } from 'node:process'
import { open } from 'lmdb'
import { codeFor } from '../../src/coding/code.ts'
import { SEGMENT_BYTES_MAX } from '../../src/coding/limits.ts'
import { Kernel } from '../../src/coding/kernel/kernel.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import { SURVIVE_DEFAULT } from '../../src/testing/testnet.ts'
import type { Floor } from './floor.ts'
import { linkFloors } from './links.ts'
import { cpuSecondsOf } from './processTime.ts'

const ROUNDS = 16

/** In `dir`, an empty folder on the disk that the systems use; links move `linkBytes`. */
export async function measureFloors(dir: string, linkBytes: number): Promise<readonly Floor[]> {
  return [...(await linkFloors(linkBytes)), ...(await computing()), await store(dir), await disk(dir)]
}

async function computing(): Promise<readonly Floor[]> {
  const primitives = new NodePrimitives()
  const kernel = new Kernel()
  const segment = new Uint8Array(randomBytes(SEGMENT_BYTES_MAX))
  const key = new Uint8Array(randomBytes(32))
  const copy = new Uint8Array(SEGMENT_BYTES_MAX)
  const { needed, total } = codeFor(SEGMENT_BYTES_MAX, SURVIVE_DEFAULT)
  const rows = Array.from({ length: total }, () => new Uint8Array(SEGMENT_BYTES_MAX / needed).fill(7))
  return [
    await rounds('SHA-256', () => primitives.hash(segment)),
    await rounds('AES-256-CTR', () => primitives.cipher(key, 0, segment)),
    await rounds('encode', () => kernel.encode(rows.slice(0, needed), rows.slice(needed))),
    await rounds('memory copy', () => copy.set(segment)),
  ]
}

/** Fragments as a holder keeps them: 256 KiB each, in commits of one segment. */
async function store(dir: string): Promise<Floor> {
  const value = randomBytes(SEGMENT_BYTES_MAX / 64)
  const root = open<Buffer, number>({ path: join(dir, 'lmdb'), encoding: 'binary', keyEncoding: 'uint32' })
  let key = 0
  const floor = await rounds('LMDB writes', () =>
    root.transaction(() => {
      for (let nth = 0; nth < 64; nth++) void root.put(key++, value)
    }),
  )
  await root.close()
  return floor
}

async function disk(dir: string): Promise<Floor> {
  const block = randomBytes(SEGMENT_BYTES_MAX)
  await using file = await openFile(join(dir, 'file'), 'w')
  return await rounds('disk writes, synced', async () => {
    await file.write(block)
    await file.datasync()
  })
}

/** `work` handles one segment; it is done once before the clock starts. */
async function rounds(name: string, work: () => unknown): Promise<Floor> {
  await work()
  const cpuBefore = cpuSecondsOf([pid])
  const startedMs = performance.now()
  for (let round = 0; round < ROUNDS; round++) await work()
  const seconds = (performance.now() - startedMs) / 1000
  return { name, bytes: ROUNDS * SEGMENT_BYTES_MAX, seconds, cpuSeconds: cpuSecondsOf([pid]) - cpuBefore }
}
