/**
 * Mainframe as a subject: 24 processes, default redundancy, encryption and verification. A file is put through one node's API and counts as
 * put when all its fragments are acknowledged; it is read through the API of another node.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { Agent, request, type IncomingMessage } from 'node:http'
import { pid } from 'node:process'
import { buffer, json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { present } from '../../src/base/assert.ts'
import { KIB } from '../../src/base/units.ts'
import { startTestnet } from '../../src/testing/testnet.ts'
import { eachAtOnce } from './atOnce.ts'
import { cpuSecondsOf } from './processTime.ts'
import type { Got, Put, SmallWork, Subject } from './subject.ts'

const NODES = 24
const PUTTER = 0
const PIECE_BYTES = 256 * KIB

export async function startMainframe(dir: string): Promise<Subject> {
  const testnet = await startTestnet({ nodes: NODES, dir, processes: true })
  const pids = [pid, ...testnet.nodes.map((node) => node.pid)]
  // Connections stay, as those of browsers and libraries do.
  const agent = new Agent({ keepAlive: true })
  let reads = 0
  const call = (index: number, path: string, method: string): ReturnType<typeof request> =>
    request(present(testnet.nodes[index], 'a node of the network').api + path, {
      method,
      agent,
      headers: { authorization: `Bearer ${testnet.token}` },
    })
  return {
    async put(_name, source): Promise<Put> {
      const cpuBefore = cpuSecondsOf(pids)
      const startedMs = performance.now()
      const putting = call(PUTTER, '/api/v1/objects', 'PUT')
      const answering = answerOf(putting)
      await pipeline(createReadStream(source, { highWaterMark: PIECE_BYTES }), putting)
      const { link } = (await json(await answering)) as { readonly link: string }
      const seconds = (performance.now() - startedMs) / 1000
      return { reference: link, seconds, cpuSeconds: cpuSecondsOf(pids) - cpuBefore }
    },

    async get(reference): Promise<Got> {
      // Each time another node, which has read nothing of it.
      const reader = 1 + (reads++ % (NODES - 1))
      const cpuBefore = cpuSecondsOf(pids)
      const startedMs = performance.now()
      const getting = call(reader, `/api/v1/objects/${String(reference)}`, 'GET')
      getting.end()
      const pieces: Buffer[] = []
      let firstByteMs: number | undefined
      for await (const piece of await answerOf(getting)) {
        firstByteMs ??= performance.now() - startedMs
        pieces.push(piece as Buffer)
      }
      const seconds = (performance.now() - startedMs) / 1000
      const cpuSeconds = cpuSecondsOf(pids) - cpuBefore
      const hash = createHash('sha256')
      for (const piece of pieces) hash.update(piece)
      return { seconds, cpuSeconds, firstByteMs: firstByteMs ?? 0, sha256: hash.digest('hex') }
    },

    async small({ count, bytes, atOnce }): Promise<SmallWork> {
      const links: string[] = []
      const putSeconds = await timed(() =>
        eachAtOnce(count, atOnce, async (nth) => {
          const putting = call(PUTTER, '/api/v1/objects', 'PUT')
          putting.end(randomBytes(bytes))
          links[nth] = ((await json(await answerOf(putting))) as { readonly link: string }).link
        }),
      )
      const reader = 1 + (reads++ % (NODES - 1))
      const get = (): Promise<number> =>
        timed(() =>
          eachAtOnce(count, atOnce, async (nth) => {
            const getting = call(reader, `/api/v1/objects/${String(links[nth])}`, 'GET')
            getting.end()
            const got = await buffer(await answerOf(getting))
            if (got.length !== bytes) throw new Error(`mainframe gave ${String(got.length)} bytes`)
          }),
        )
      return { putSeconds, getSeconds: await get(), warmGetSeconds: await get() }
    },

    [Symbol.asyncDispose]: () => {
      agent.destroy()
      return testnet.stop()
    },
  }
}

/** Seconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / 1000
}

/** Rejects with what the node says when it refuses. */
async function answerOf(asking: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  if (answer.statusCode !== undefined && answer.statusCode < 300) return answer
  throw new Error(`mainframe: ${JSON.stringify(await json(answer))}`)
}
