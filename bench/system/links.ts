/** What it takes to move bytes from one process to another over loopback, in writes of 256 KiB: both ends' processor time counts. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pid } from 'node:process'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { KIB } from '../../src/base/units.ts'
import { present } from '../../src/base/assert.ts'
import type { Floor } from './floor.ts'
import { cpuSecondsOf } from './processTime.ts'

const PIECE_BYTES = 256 * KIB
const NOISE_LINK = new URL('../peers/noiseLink.mjs', import.meta.url)

type Send = (address: unknown, bytes: number) => Promise<void>

export async function linkFloors(bytes: number): Promise<readonly Floor[]> {
  const { sendByNoise } = (await import(NOISE_LINK.href)) as {
    readonly sendByNoise: (address: unknown, bytes: number, pieceBytes: number) => Promise<void>
  }
  const end = fileURLToPath(new URL('linkEnd.ts', import.meta.url))
  return [
    await link('TCP', fork(end, ['tcp', String(bytes)]), bytes, (port) =>
      sendBy(connect(Number(port), '127.0.0.1'), bytes),
    ),
    await link('TLS', fork(end, ['tls', String(bytes)]), bytes, (port) =>
      sendBy(connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }), bytes),
    ),
    await link('noise + yamux', fork(fileURLToPath(NOISE_LINK), [String(bytes)]), bytes, (address) =>
      sendByNoise(address, bytes, PIECE_BYTES),
    ),
  ]
}

/** Rejects when the far end ends early. */
async function link(name: string, far: ChildProcess, bytes: number, send: Send): Promise<Floor> {
  try {
    const [address] = (await Promise.race([once(far, 'message'), endOf(far)])) as [unknown]
    const pids = [pid, present(far.pid, 'it runs')]
    const cpuBefore = cpuSecondsOf(pids)
    const startedMs = performance.now()
    await Promise.race([send(address, bytes), endOf(far)])
    const seconds = (performance.now() - startedMs) / 1000
    return { name, bytes, seconds, cpuSeconds: cpuSecondsOf(pids) - cpuBefore }
  } finally {
    far.kill('SIGKILL')
  }
}

async function endOf(far: ChildProcess): Promise<never> {
  await once(far, 'exit')
  throw new Error('the far end has ended')
}

async function sendBy(socket: Socket, bytes: number): Promise<void> {
  const piece = new Uint8Array(PIECE_BYTES)
  const answered = once(socket, 'data')
  for (let sent = 0; sent < bytes; sent += PIECE_BYTES) if (!socket.write(piece)) await once(socket, 'drain')
  await answered
  socket.destroy()
}
