/** The door opens on this machine alone, and not at all where `localhost` could lead to somebody else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { listenOnLoopback } from './loopback.ts'

test('every server listens on a loopback address, all on one port', async () => {
  const { servers, port } = await listenOnLoopback(0, createHttpServer)
  const bound = servers.map((server) => server.address() as AddressInfo)
  for (const server of servers) server.close()
  assert.ok(port > 0 && bound.length >= 1)
  for (const { address, port: each } of bound) {
    assert.ok(address === '127.0.0.1' || address === '::1', address)
    assert.equal(each, port)
  }
})

test('a port that another program has on either address is refused, and then held on neither', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const other = await listening(host)
    // A machine without IPv6 has no second address to lose.
    if (other === undefined) continue
    const { port } = other.address() as AddressInfo
    await assert.rejects(
      listenOnLoopback(port, createHttpServer),
      (error) => isFailure(error, 'refused') && error.details.port === port,
      host,
    )
    other.close()
    await once(other, 'close')
    const { servers } = await listenOnLoopback(port, createHttpServer)
    for (const server of servers) server.close()
  }
})

async function listening(host: string): Promise<Server | undefined> {
  const server = createServer().listen({ host, port: 0 })
  const isListening = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ])
  return isListening ? server : undefined
}
