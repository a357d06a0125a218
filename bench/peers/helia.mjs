/**
 * Helia over bitswap on TCP, noise and yamux. The light variant, because the other one brings public bootstraps, gateways and a DHT;
 * blocks lie in files, as its README does for Node. Bitswap's limits of one message's time are its own.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { FsBlockstore } from 'blockstore-fs'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'
import { serveParent } from './holding.mjs'

await serveParent({ hold, read })

async function hold(dir) {
  const helia = await start(dir)
  const files = unixfs(helia)
  return {
    contact: helia.libp2p.getMultiaddrs().map(String),
    async put(_name, source) {
      return String(await files.addByteStream(createReadStream(source, { highWaterMark: 1024 * 1024 })))
    },
    putBytes: async (_name, bytes) => String(await files.addBytes(bytes)),
    stop: () => helia.stop(),
  }
}

async function read(contact, dir) {
  const helia = await start(dir)
  await helia.libp2p.dial(contact.map((address) => multiaddr(address)))
  const files = unixfs(helia)
  return { get: async (reference) => files.cat(CID.parse(reference)), stop: () => helia.stop() }
}

async function start(dir) {
  const light = createHeliaLight({ blockstore: new FsBlockstore(join(dir, 'blocks')) })
  const helia = withBitswap(
    withLibp2pLight(light, {
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    }),
  )
  await helia.start()
  return helia
}
