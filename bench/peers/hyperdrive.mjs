/**
 * Hyperdrive over Hyperswarm, which finds the holder through a DHT of its own on 127.0.0.1 (hyperdht's testnet) and speaks its
 * encrypted streams over UDX: UDP, as there is no TCP in it.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import Corestore from 'corestore'
import DHT from 'hyperdht'
import createTestnet from 'hyperdht/testnet.js'
import Hyperdrive from 'hyperdrive'
import Hyperswarm from 'hyperswarm'
import { serveParent } from './holding.mjs'

await serveParent({ hold, read })

async function hold(dir) {
  const testnet = await createTestnet(3)
  const { drive, swarm } = await start(dir, testnet.bootstrap)
  await swarm.join(drive.discoveryKey, { server: true, client: false }).flushed()
  return {
    contact: { key: drive.key.toString('hex'), bootstrap: testnet.bootstrap },
    async put(name, source) {
      await pipeline(createReadStream(source, { highWaterMark: 1024 * 1024 }), drive.createWriteStream(`/${name}`))
      return `/${name}`
    },
    async putBytes(name, bytes) {
      await drive.put(`/${name}`, bytes)
      return `/${name}`
    },
    async stop() {
      await swarm.destroy()
      await testnet.destroy()
    },
  }
}

async function read({ key, bootstrap }, dir) {
  const { drive, swarm } = await start(dir, bootstrap, Buffer.from(key, 'hex'))
  const found = drive.findingPeers()
  swarm.join(drive.discoveryKey, { server: false, client: true })
  swarm.flush().then(found, found)
  // Its blobs have a core of their own, whose key the first update brings.
  await drive.update({ wait: true })
  return {
    get: async (reference) => drive.createReadStream(reference),
    stop: () => swarm.destroy(),
  }
}

async function start(dir, bootstrap, key) {
  const store = new Corestore(join(dir, 'store'))
  const drive = key === undefined ? new Hyperdrive(store) : new Hyperdrive(store, key)
  await drive.ready()
  // Without a host the two ends name addresses of other interfaces to each other, and no packet arrives.
  const swarm = new Hyperswarm({ dht: new DHT({ bootstrap, host: '127.0.0.1' }) })
  swarm.on('connection', (connection) => {
    connection.on('error', () => undefined)
    store.replicate(connection)
  })
  return { drive, swarm }
}
