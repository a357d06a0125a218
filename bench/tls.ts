/**
 * What connections over TLS cost: throughput of bulk frames and rate of small requests, between this process and another, beside
 * the floor of the same run (one node:tls socket without frames).
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { identityFromSeed } from '../src/drivers/nodeIdentity.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { TlsTransport } from '../src/drivers/tlsTransport.ts'
import type { Connection, Contact } from '../src/ports/connection.ts'

const FRAME_BYTES = 256 * 1024
const BULK_BYTES = 1024 ** 3
const REQUESTS = 200_000
const REQUESTS_IN_FLIGHT = 256
const REQUEST_BYTES = 100
const DIALS = 200

const primitives = new NodePrimitives()

if (process.send === undefined) await measure()
else await answer()

async function measure(): Promise<void> {
  const child = fork(import.meta.filename)
  const [server] = (await once(child, 'message')) as [{ contact: Contact; floorPort: number }]
  await measureFloor(child, server.floorPort)
  const transport = await listening(1)
  const signal = new AbortController().signal
  await measureBulk(child, await transport.dial(server.contact, 'bulk', signal))
  await measureRequests(child, await transport.dial(server.contact, 'control', signal))
  await measureDials(transport, server.contact)
  await transport.close()
  child.disconnect()
}

async function listening(
  seed: number,
  onConnection: (connection: Connection) => void = () => {},
): Promise<TlsTransport> {
  const identity = identityFromSeed(primitives, new Uint8Array(32).fill(seed))
  const transport = new TlsTransport({ identity, primitives, host: '127.0.0.1', port: 0 })
  await transport.listen(onConnection)
  return transport
}

/** The other process: takes bulk and acknowledges the end of it, answers requests, and tells its CPU time when asked. */
async function answer(): Promise<void> {
  const transport = await listening(2, (connection) => {
    let bulkBytes = 0
    connection.onClose = () => {}
    connection.onFrame = (frame) => {
      if (connection.channel === 'control') {
        connection.send([frame])
        return
      }
      bulkBytes += frame.length
      if (bulkBytes === BULK_BYTES) connection.send([new Uint8Array(1)])
    }
  })
  const identity = identityFromSeed(primitives, new Uint8Array(32).fill(2))
  const floor = createServer({ key: identity.keyPem, cert: identity.certificatePem }, (socket) => {
    let bytes = 0
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes === BULK_BYTES) socket.end('done')
    })
  })
  await new Promise<void>((resolve) => floor.listen(0, '127.0.0.1', resolve))
  process.on('message', () => process.send?.(process.cpuUsage()))
  process.once('disconnect', () => {
    floor.close()
    void transport.close()
  })
  const contact = { id: identity.id, addresses: transport.addresses }
  process.send?.({ contact, floorPort: (floor.address() as AddressInfo).port })
}

async function measureFloor(child: ChildProcess, port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const bytes = new Uint8Array(FRAME_BYTES)
  await timed(child, 'floor: node:tls, 256 KiB writes', BULK_BYTES / 1e9, 'GB', async () => {
    for (let sent = 0; sent < BULK_BYTES; sent += FRAME_BYTES) {
      if (!socket.write(bytes)) await once(socket, 'drain')
    }
    await once(socket, 'data')
  })
  socket.destroy()
}

async function measureBulk(child: ChildProcess, connection: Connection): Promise<void> {
  const acknowledged = new Promise<void>((resolve) => {
    connection.onFrame = () => resolve()
  })
  const chunk = new Uint8Array(FRAME_BYTES)
  await timed(child, 'bulk: frames of 256 KiB', BULK_BYTES / 1e9, 'GB', async () => {
    for (let sent = 0; sent < BULK_BYTES; sent += FRAME_BYTES) {
      connection.send([chunk])
      await connection.drained()
    }
    await acknowledged
  })
}

async function measureRequests(child: ChildProcess, connection: Connection): Promise<void> {
  const request = new Uint8Array(REQUEST_BYTES)
  await timed(
    child,
    `requests of ${String(REQUEST_BYTES)} bytes, ${String(REQUESTS_IN_FLIGHT)} in flight`,
    REQUESTS,
    'requests',
    () =>
      new Promise<void>((resolve) => {
        let answered = 0
        connection.onFrame = () => {
          answered++
          if (answered === REQUESTS) resolve()
          else if (answered + REQUESTS_IN_FLIGHT <= REQUESTS) connection.send([request])
        }
        for (let at = 0; at < REQUESTS_IN_FLIGHT; at++) connection.send([request])
      }),
  )
}

async function measureDials(transport: TlsTransport, contact: Contact): Promise<void> {
  const started = performance.now()
  for (let at = 0; at < DIALS; at++) {
    const connection = await transport.dial(contact, 'control', new AbortController().signal)
    connection.close('measured')
  }
  console.log(`dials: ${((performance.now() - started) / DIALS).toFixed(2)} ms each, one after another`)
}

async function timed(
  child: ChildProcess,
  what: string,
  amount: number,
  unit: string,
  work: () => Promise<void>,
): Promise<void> {
  const otherBefore = await cpuSecondsOf(child)
  const before = process.cpuUsage()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  const used = process.cpuUsage(before)
  const ownCpu = (used.user + used.system) / 1e6
  const otherCpu = (await cpuSecondsOf(child)) - otherBefore
  const rate =
    unit === 'GB' ? `${((amount * 1000) / seconds).toFixed(0)} MB/s` : `${(amount / seconds).toFixed(0)} ${unit}/s`
  const perUnit = (cpu: number): string =>
    unit === 'GB' ? `${(cpu / amount).toFixed(2)} CPU s/GB` : `${((cpu * 1e6) / amount).toFixed(1)} CPU us each`
  console.log(`${what}: ${rate}; sender ${perUnit(ownCpu)}, receiver ${perUnit(otherCpu)}`)
}

async function cpuSecondsOf(child: ChildProcess): Promise<number> {
  const reply = once(child, 'message')
  child.send('cpu')
  const [usage] = (await reply) as [NodeJS.CpuUsage]
  return (usage.user + usage.system) / 1e6
}
