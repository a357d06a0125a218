/**
 * Who may speak to the door: programs of this machine that know the token. Host and Origin are checked first, so that neither a
 * name that a stranger points at 127.0.0.1 nor a page in the user's browser gets as far as guessing.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HttpRefusal } from './problem.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** Throws the refusal when the Host or Origin header is not this door's own. */
export function checkOrigin(request: IncomingMessage, port: number): void {
  const host = request.headers.host?.toLowerCase() ?? ''
  const own = LOOPBACK_NAMES.flatMap((name) => [name, `${name}:${port}`])
  if (!own.includes(host)) {
    throw new HttpRefusal('misdirected', `this door answers for localhost:${port} only`, { connection: 'close' })
  }
  const { origin } = request.headers
  if (origin !== undefined && !LOOPBACK_NAMES.some((name) => origin.toLowerCase() === `http://${name}:${port}`)) {
    throw new HttpRefusal('forbidden', 'pages of other origins may not speak to this node')
  }
}

/** Throws the refusal unless the request carries the token. */
export function checkToken(request: IncomingMessage, token: string): void {
  const [, given] = /^Bearer ([\w-]{1,256})$/i.exec(request.headers.authorization ?? '') ?? []
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return
  const what = given === undefined ? 'no token was given' : 'the token is not this node’s'
  throw new HttpRefusal(
    'unauthorized',
    `${what}; send the one in the file "token" of the node's home as a bearer token`,
    {
      'www-authenticate': 'Bearer realm="mainframe"',
    },
  )
}

/** Equal lengths for the comparison, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
