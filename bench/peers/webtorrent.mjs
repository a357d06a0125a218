/**
 * WebTorrent over TCP alone: without trackers, DHT, local discovery, peer exchange, uTP or WebRTC, whose native addon its install
 * script would fetch from elsewhere and which webrtcStub.mjs stands in for. The reader is told the holder's address.
 */
import './webrtcStub.mjs'
import { copyFile } from 'node:fs/promises'
import { Server } from 'node:net'
import { join } from 'node:path'
import { serveParent } from './holding.mjs'

const { default: WebTorrent } = await import('webtorrent')

/** Nothing of it leaves this machine. */
const ALONE = {
  tracker: false,
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  webSeeds: false,
}

/** It listens on every interface and has no option for that. */
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' && typeof rest[0] !== 'string'
    ? listen.call(this, port, '127.0.0.1', ...rest)
    : listen.call(this, port, ...rest)
}

await serveParent({ hold, read })

async function hold(dir) {
  const client = new WebTorrent(ALONE)
  const referenceOf = ({ torrentFile }) => ({
    torrentFile: Buffer.from(torrentFile).toString('base64'),
    port: client.torrentPort,
  })
  return {
    contact: null,
    /** Seeds from a copy in its own folder, as others keep a copy in theirs. */
    async put(name, source) {
      const own = join(dir, name)
      await copyFile(source, own)
      const torrent = await new Promise((resolve, reject) => {
        client.once('error', reject)
        client.seed(own, { announce: [], name }, resolve)
      })
      client.removeAllListeners('error')
      return referenceOf(torrent)
    },
    async putBytes(name, bytes) {
      const torrent = await new Promise((resolve) => client.seed(bytes, { announce: [], name }, resolve))
      return referenceOf(torrent)
    },
    stop: () => new Promise((resolve) => client.destroy(() => resolve())),
  }
}

async function read(_contact, dir) {
  const client = new WebTorrent(ALONE)
  const torrents = new Map()
  return {
    async get({ torrentFile, port }) {
      // What it has it reads from its own disk.
      const known = torrents.get(torrentFile)
      if (known !== undefined) return known.files[0]
      const torrent = client.add(Buffer.from(torrentFile, 'base64'), { path: join(dir, 'got'), announce: [] })
      await new Promise((resolve, reject) => {
        torrent.once('ready', resolve)
        torrent.once('error', reject)
      })
      torrents.set(torrentFile, torrent)
      torrent.addPeer(`127.0.0.1:${port}`)
      return torrent.files[0]
    },
    stop: () => new Promise((resolve) => client.destroy(() => resolve())),
  }
}
