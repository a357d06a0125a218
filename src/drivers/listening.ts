/** Which addresses a listener has, which one to dial from, and what went wrong when it cannot listen. */
import { BlockList, isIP, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Failure } from '../base/failure.ts'
import type { Address } from '../ports/connection.ts'
import { formatTlsAddress } from './tlsAddress.ts'

const WILDCARDS = ['0.0.0.0', '::']

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Where a server that listens on `host` can be reached; for a wildcard, on each of the machine's outward interfaces. */
export function listenAddresses(server: Server, host: string): readonly Address[] {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') return []
  if (!WILDCARDS.includes(host)) return [formatTlsAddress({ host, port: bound.port })]
  const families = host === '::' ? [4, 6] : [4]
  return outwardHosts()
    .filter((outward) => families.includes(isIP(outward)))
    .map((outward) => formatTlsAddress({ host: outward, port: bound.port }))
}

/**
 * The local end for dialling `remote`: a node that lives on one of many loopback addresses is seen at its own. Elsewhere the
 * system's routing decides.
 */
export function localAddressFor(host: string, remote: string): string | undefined {
  return isLoopback(host) && isLoopback(remote) && isIP(host) === isIP(remote) ? host : undefined
}

export function listenFailure(error: unknown, host: string, port: number): Failure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return new Failure('refused', `cannot listen on ${host} port ${String(port)}: ${adviceFor(code)}`, { cause: error })
}

function adviceFor(code: unknown): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program uses this port; stop it or choose another port'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EINVAL':
      return 'this machine has no such address; choose one of its own, or 0.0.0.0 for all'
    case 'EACCES':
    case 'EPERM':
      return 'this user may not use this port; choose one above 1023'
    default:
      return typeof code === 'string' ? code : 'the system gives no cause'
  }
}

function outwardHosts(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outward = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return outward.map(({ address }) => address)
}

/** Of an IP address, without brackets. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
