/**
 * Every TCP socket and listener of this process by its loopback address, so that a node of its own address can end as with its
 * process: all at once, without a word to anybody. Told by Node's own diagnostics channels, since libraries do not hand their sockets out.
 */
import { subscribe } from 'node:diagnostics_channel'

/** @type {Map<string, Set<import('node:net').Socket>>} */
const sockets = new Map()
/** @type {Map<string, import('node:net').Server>} */
const listeners = new Map()
/** @type {Set<string>} */
const dead = new Set()

/** Call before the first node starts. */
export function watchSockets() {
  subscribe('net.client.socket', (/** @type {any} */ { socket }) => socket.once('connect', () => note(socket)))
  subscribe('net.server.socket', (/** @type {any} */ { socket }) => note(socket))
  subscribe('tracing:net.server.listen:asyncStart', (/** @type {any} */ { server, options }) => {
    listeners.set(options.host, server)
  })
}

/**
 * Those that come later, too.
 *
 * @param {string} host
 */
export function destroySocketsOf(host) {
  dead.add(host)
  listeners.get(host)?.close()
  for (const socket of sockets.get(host) ?? []) socket.destroy()
}

/** @param {import('node:net').Socket} socket */
function note(socket) {
  const host = socket.localAddress ?? ''
  if (dead.has(host)) {
    socket.destroy()
    return
  }
  const ofHost = sockets.get(host) ?? new Set()
  sockets.set(host, ofHost)
  ofHost.add(socket)
  socket.once('close', () => ofHost.delete(socket))
}
