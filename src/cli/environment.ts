/** What the environment says: the home, and which node commands speak to. docs/cli.md lists the variables. */
import { resolve } from 'node:path'
import { readRuntime, readToken, tokenFileOf } from '../daemon/home.ts'
import { CommandFailure, EXIT, usage } from './exit.ts'

export interface NodeAddress {
  /** Without a path. */
  readonly api: string
  readonly token: string
}

/** `--dir`, else MAINFRAME_HOME, else where the system keeps programs' data. */
export async function homeFolder(dir?: string): Promise<string> {
  const named = dir ?? process.env.MAINFRAME_HOME
  if (named !== undefined && named !== '') return resolve(named)
  const { default: envPaths } = await import('env-paths')
  return envPaths('mainframe', { suffix: '' }).data
}

/** `--node`, else MAINFRAME_URL, else the node or testnet that runs in the home. */
export async function findNode(nodeFlag?: string): Promise<NodeAddress> {
  const home = await homeFolder()
  const runtime = await readRuntime(home)
  const named = nodeFlag ?? process.env.MAINFRAME_URL
  const url = named === undefined || named === '' ? runtime?.api : named
  if (url === undefined) {
    const message = `no node runs in ${home}; start one with \`mainframe up\` or \`mainframe testnet\`, or name one with --node`
    throw new CommandFailure(EXIT.notRunning, 'not-running', message, { details: { home } })
  }
  const tokenFile = process.env.MAINFRAME_TOKEN_FILE ?? runtime?.tokenFile ?? tokenFileOf(home)
  return { api: originOf(url), token: await tokenIn(tokenFile) }
}

async function tokenIn(file: string): Promise<string> {
  return readToken(file).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${why}; MAINFRAME_HOME or MAINFRAME_TOKEN_FILE says where the node's token is`
    throw new CommandFailure(EXIT.permission, 'no-token', message, { details: { file }, cause })
  })
}

/** The token travels in clear, so only to this machine. */
function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const loopback = ['localhost', '127.0.0.1', '[::1]']
  if (parsed?.protocol === 'http:' && loopback.includes(parsed.hostname)) return parsed.origin
  throw usage(`${url} is no address of a node on this machine; it looks like http://localhost:7333`)
}
