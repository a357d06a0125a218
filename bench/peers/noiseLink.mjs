/**
 * libp2p's noise and yamux on one stream between two processes, as a floor beside bare TCP and TLS. Forked as the far end with the count of
 * bytes, which it takes and answers with one byte; imported by the near end.
 */
import { once } from 'node:events'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const PROTOCOL = '/link/1'

async function start(listen) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
}

/** Settles when the other end has all of the bytes. */
export async function sendByNoise(address, bytes, pieceBytes) {
  const node = await start([])
  try {
    const stream = await node.dialProtocol(multiaddr(address), PROTOCOL)
    const answered = once(stream, 'message')
    const piece = new Uint8Array(pieceBytes)
    for (let sent = 0; sent < bytes; sent += pieceBytes) {
      if (!stream.send(piece)) await once(stream, 'drain')
    }
    await answered
  } finally {
    await node.stop()
  }
}

if (process.argv[1] === import.meta.filename) {
  const node = await start(['/ip4/127.0.0.1/tcp/0'])
  await node.handle(PROTOCOL, (stream) => {
    let left = Number(process.argv[2])
    stream.addEventListener('message', ({ data }) => {
      left -= data.byteLength
      if (left <= 0) stream.send(new Uint8Array(1))
    })
  })
  process.once('disconnect', () => process.exit())
  process.send?.(String(node.getMultiaddrs()[0]))
}
