/**
 * The far end of a link between two processes: listens on 127.0.0.1, tells where, takes so many bytes on one connection and answers with one byte.
 * Arguments: the kind and the count.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { argv } from 'node:process'
import { createServer as createTlsServer } from 'node:tls'
import { identityFromSeed } from '../../src/drivers/nodeIdentity.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'

const [, , kind, count] = argv

function take(socket: Socket): void {
  let left = Number(count)
  socket.on('data', (piece) => {
    left -= piece.length
    if (left <= 0) socket.end('1')
  })
  socket.on('error', () => undefined)
}

function listener(): ReturnType<typeof createServer> {
  if (kind === 'tcp') return createServer(take)
  const { keyPem, certificatePem } = identityFromSeed(new NodePrimitives(), new Uint8Array(32).fill(2))
  return createTlsServer({ key: keyPem, cert: certificatePem }, take)
}

const server = listener().listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
process.once('disconnect', () => process.exit())
