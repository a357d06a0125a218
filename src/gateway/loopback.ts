/** Listening on this machine's own addresses and nowhere else. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../base/failure.ts'

const FREE_PORT_TRIES = 5

/**
 * Servers on 127.0.0.1 and, where the machine has it, on ::1, on one port (0 takes any that is free on both). Both are taken because
 * `localhost` may mean either: another program on the other one would be handed this node's token. Rejects with `refused`.
 */
export async function listenOnLoopback(
  port: number,
  newServer: () => Server,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  for (let tries = port === 0 ? FREE_PORT_TRIES : 1; ; tries--) {
    const four = await listen(newServer(), '127.0.0.1', port)
    const taken = (four.address() as AddressInfo).port
    try {
      const six = await listen(newServer(), '::1', taken).catch(ifNoSuchAddress)
      return { servers: six === undefined ? [four] : [four, six], port: taken }
    } catch (error) {
      await new Promise((resolve) => four.close(resolve))
      if (tries === 1) throw error
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenFailure(error, host, port))
    })
    server.listen({ host, port, exclusive: true, ipv6Only: host === '::1' }, () => {
      server.removeAllListeners('error')
      resolve(server)
    })
  })
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): Failure {
  const why =
    error.code === 'EADDRINUSE'
      ? 'another program uses it; stop that program, or choose another port with --port'
      : error.code === 'EACCES'
        ? 'this user may not; choose a port above 1023 with --port'
        : error.message
  return new Failure('refused', `cannot open the API on port ${port}: ${why}`, {
    cause: error,
    details: { host, port },
  })
}

function ifNoSuchAddress(error: unknown): undefined {
  const cause = error instanceof Failure ? (error.cause as NodeJS.ErrnoException) : undefined
  if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(cause?.code ?? '')) return undefined
  throw error
}
