/**
 * The shape that every peer of the benchmark of whole systems has. A holder process puts and serves, a reader process of its own gets
 * over loopback; each is told what to do by its parent over IPC, one request at a time, and answers with the seconds it took. What is
 * checked of the bytes (their count and hash) is checked after the clock has stopped.
 *
 * @typedef {object} Holder
 * @property {unknown} contact What a reader needs to reach it.
 * @property {(name: string, source: string, bytes: number) => Promise<unknown>} put Resolves with what a reader asks by, once it is served.
 * @property {(name: string, bytes: Uint8Array) => Promise<unknown>} putBytes The same for a small object.
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Reader
 * @property {(reference: any) => Promise<AsyncIterable<Uint8Array>>} get Opens the object; its bytes arrive over the network.
 * @property {() => Promise<void>} stop
 */
import { createHash, randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { once } from 'node:events'
import { eachAtOnce } from '../system/atOnce.ts'

/**
 * Serves the parent until it lets go.
 *
 * @param {{ hold: (dir: string) => Promise<Holder>; read: (contact: any, dir: string) => Promise<Reader> }} peer
 */
export async function serveParent({ hold, read }) {
  const [{ role, dir, contact }] = await once(process, 'message')
  const party = role === 'holder' ? await hold(dir) : await read(contact, dir)
  const answer = (/** @type {any} */ request) => {
    if (role === 'holder') return request.count === undefined ? timedPut(party, request) : timedPuts(party, request)
    return request.references === undefined ? timedGet(party, request) : timedGets(party, request)
  }
  process.on('message', (/** @type {any} */ request) => {
    answer(request).then(
      (result) => process.send?.({ result }),
      (error) => process.send?.({ error: String(error?.stack ?? error) }),
    )
  })
  // Libraries leave timers and sockets of their own behind.
  process.once('disconnect', () => process.exit())
  process.send?.({ result: party.contact ?? null })
}

async function timedPut(holder, { name, source, bytes }) {
  const startedMs = performance.now()
  const reference = await holder.put(name, source, bytes)
  return { reference, seconds: (performance.now() - startedMs) / 1000 }
}

/** Puts so many small objects, so many at once. */
async function timedPuts(holder, { count, bytes, atOnce }) {
  const contents = Array.from({ length: count }, () => randomBytes(bytes))
  const references = []
  const startedMs = performance.now()
  await eachAtOnce(count, atOnce, async (nth) => {
    references[nth] = await holder.putBytes(`small-${nth}`, contents[nth])
  })
  return { references, seconds: (performance.now() - startedMs) / 1000 }
}

/** Gets them again. */
async function timedGets(reader, { references, atOnce }) {
  let bytes = 0
  const startedMs = performance.now()
  await eachAtOnce(references.length, atOnce, async (nth) => {
    for await (const piece of await reader.get(references[nth])) bytes += piece.length
  })
  return { bytes, seconds: (performance.now() - startedMs) / 1000 }
}

/** Gets one object and tells its bytes, hash, time to the first byte and to the last. */
async function timedGet(reader, { reference }) {
  const pieces = []
  const startedMs = performance.now()
  let firstByteMs
  for await (const piece of await reader.get(reference)) {
    firstByteMs ??= performance.now() - startedMs
    pieces.push(piece)
  }
  const seconds = (performance.now() - startedMs) / 1000
  const hash = createHash('sha256')
  let bytes = 0
  for (const piece of pieces) {
    hash.update(piece)
    bytes += piece.length
  }
  return { seconds, firstByteMs: firstByteMs ?? 0, bytes, sha256: hash.digest('hex') }
}
