/** The TLS transport passes the suite, and turns away what is no proven peer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { isFailure } from '../base/failure.ts'
import { present } from '../base/assert.ts'
import { deferred } from '../base/signals.ts'
import { FRAME_BYTES_MAX, type Connection } from '../ports/connection.ts'
import { transportSuite } from '../testing/suites/transport.ts'
import { identityFromSeed, type NodeIdentity } from './nodeIdentity.ts'
import { NodePrimitives } from './nodePrimitives.ts'
import { parseTlsAddress } from './tlsAddress.ts'
import { TlsTransport } from './tlsTransport.ts'

const primitives = new NodePrimitives()
let identitiesMade = 0

function identity(): NodeIdentity {
  return identityFromSeed(primitives, primitives.hash(new Uint8Array([++identitiesMade])))
}

transportSuite('tls', async () => {
  const deadPort = await freePort()
  return {
    create: async () => {
      const self = identity()
      return { id: self.id, transport: new TlsTransport({ identity: self, primitives, host: '127.0.0.1', port: 0 }) }
    },
    deadAddress: `tls://127.0.0.1:${String(deadPort)}`,
    settle: (promise) => promise,
    dispose: async () => {},
  }
})

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Listener extends AsyncDisposable {
  readonly port: number
  readonly identity: NodeIdentity
  readonly transport: TlsTransport
  /** The reason given for the first stranger turned away. */
  readonly turnedAway: Promise<string>
  readonly accepted: Promise<Connection>
}

async function listener(host = '127.0.0.1'): Promise<Listener> {
  const turnedAway = deferred<string>()
  const accepted = deferred<Connection>()
  const self = identity()
  const transport = new TlsTransport({
    identity: self,
    primitives,
    host,
    port: 0,
    onTurnedAway: (_, reason) => turnedAway.resolve(reason),
  })
  await transport.listen((connection) => accepted.resolve(connection))
  const port = present(parseTlsAddress(transport.addresses[0] ?? ''), 'an address').port
  return {
    port,
    identity: self,
    transport,
    turnedAway: turnedAway.promise,
    accepted: accepted.promise,
    [Symbol.asyncDispose]: () => transport.close(),
  }
}

/** A stranger's TLS connection to `to` with whatever options; resolves when it is closed. */
async function stranger(to: Listener, options: ConnectionOptions, bytes?: Uint8Array): Promise<void> {
  const socket = connectTls({ port: to.port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  socket.on('error', () => {})
  if (bytes !== undefined) socket.once('secureConnect', () => socket.write(bytes))
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
}

void test('a peer without a certificate is turned away', async () => {
  await using node = await listener()
  await stranger(node, {})
  assert.match(await node.turnedAway, /Ed25519|certificate/)
})

void test('a peer whose certificate holds another kind of key is turned away', async () => {
  await using node = await listener()
  await stranger(node, { key: P256_KEY, cert: P256_CERTIFICATE })
  assert.match(await node.turnedAway, /Ed25519/)
})

void test('a peer that speaks older TLS is turned away', async () => {
  await using node = await listener()
  const self = identity()
  await stranger(node, { key: self.keyPem, cert: self.certificatePem, maxVersion: 'TLSv1.2' })
  assert.match(await node.turnedAway, /version|protocol/i)
})

void test('a peer with another preamble is turned away, and one that closes before it too', async () => {
  const self = identity()
  const credentials = { key: self.keyPem, cert: self.certificatePem }
  await using node = await listener()
  await stranger(node, credentials, Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  assert.match(await node.turnedAway, /another protocol/)
  await using other = await listener()
  const socket = connectTls({ port: other.port, host: '127.0.0.1', rejectUnauthorized: false, ...credentials })
  socket.once('secureConnect', () => socket.end(Buffer.from('MF')))
  assert.match(await other.turnedAway, /before its preamble/)
})

void test('bytes that are no TLS are turned away', async () => {
  await using node = await listener()
  const socket = connectTcp(node.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'))
  socket.on('error', () => {})
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
  assert.notEqual(await node.turnedAway, '')
})

void test('a peer that announces a frame over the limit is disconnected before any memory is taken for it', async () => {
  await using node = await listener()
  const self = identity()
  const announced = Buffer.alloc(8)
  announced.set([0x4d, 0x46, 1, 0])
  announced.writeUInt32BE(FRAME_BYTES_MAX + 1, 4)
  const gone = stranger(node, { key: self.keyPem, cert: self.certificatePem }, announced)
  const connection = await node.accepted
  const reason = new Promise<string>((resolve) => (connection.onClose = resolve))
  connection.onFrame = () => assert.fail('there is no frame')
  assert.match(await reason, /frame of \d+ bytes/)
  await gone
})

void test('a dial to a server of another kind is refused', async () => {
  await using node = await listener()
  const server = createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const contact = { id: identity().id, addresses: [`tls://127.0.0.1:${String(port)}`] }
  const dial = node.transport.dial(contact, 'control', new AbortController().signal)
  await assert.rejects(dial, (error) => isFailure(error, 'refused'))
  server.close()
})

void test('a port that is taken refuses the second listener and says what to do', async () => {
  await using node = await listener()
  const second = new TlsTransport({ identity: identity(), primitives, host: '127.0.0.1', port: node.port })
  await assert.rejects(
    second.listen(() => {}),
    (error) => isFailure(error, 'refused') && error.message.includes('choose another port'),
  )
  await second.close()
})

void test('an address that is not this machine’s refuses the listener', async () => {
  const transport = new TlsTransport({ identity: identity(), primitives, host: '203.0.113.1', port: 0 })
  await assert.rejects(
    transport.listen(() => {}),
    (error) => isFailure(error, 'refused') && error.message.includes('no such address'),
  )
  await transport.close()
})

void test('a node on its own loopback address is seen there', async () => {
  await using a = await listener('127.24.0.1')
  await using b = await listener('127.24.1.1')
  const contact = { id: b.identity.id, addresses: b.transport.addresses }
  const dialled = await a.transport.dial(contact, 'control', new AbortController().signal)
  assert.equal(dialled.remoteHost, '127.24.1.1')
  assert.equal((await b.accepted).remoteHost, '127.24.0.1')
})

void test('a transport closes though a stranger hangs in the middle of a handshake', async () => {
  const node = await listener()
  const socket = connectTcp(node.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await node.transport.close()
  await closed
})

/** A throwaway self-signed certificate over a P-256 key, made with openssl. */
const P256_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+W70ac55G8053oKm
VDOERcXA+zkn4UV8qDKdUTeuiEehRANCAASDVnvi1Y2rweAU5+UGS/ItNKkiUKa6
6/K7y8HJtn6MOTuZMSw5X+rmP7I3X3wvxlrcYugJc2wfWLudsOcdtHHq
-----END PRIVATE KEY-----
`

const P256_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUHWI79USOWSvDOAcf4KpNL7GFBwcwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEbm9kZTAgFw0yNjExMjIxNjI1MTlaGA8yMTI2MTAyOTE2MjUx
OVowDzENMAsGA1UEAwwEbm9kZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABINW
e+LVjavB4BTn5QZL8i00qSJQprrr8rvLwcm2fow5O5kxLDlf6uY/sjdffC/GWtxi
6AlzbB9Yu52w5x20ceqjUzBRMB0GA1UdDgQWBBRsFAXuKW9jw111+iKLTGhE4BPA
7TAfBgNVHSMEGDAWgBRsFAXuKW9jw111+iKLTGhE4BPA7TAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIFCq1JFuTSP5erNlX/WFBngCV4VojpKkMtLT
0tAsJF+QAiEAwTKTX80gVb9mBoVeRT+n6qEoVHuyuQHzgIZWjUcHdvk=
-----END CERTIFICATE-----
`
