/** What the environment says: the home, and which node commands speak to. docs/cli.md lists the variables. */
import { resolve } from 'node:path'
import { readRuntime, readToken, tokenFileOf, type Runtime } from '../daemon/home.ts'
import { CommandFailure, EXIT, notRunningAt, usage } from './exit.ts'
import { HELLO_MS_MAX } from './limits.ts'

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
  const api = originOf(url)
  const tokenFile = process.env.MAINFRAME_TOKEN_FILE ?? (await tokenFileFor(api, runtime)) ?? tokenFileOf(home)
  return { api, token: await tokenIn(tokenFile) }
}

/**
 * Where the token of the node at `api` is: in this home when the node runs here, else in the home that the node names, if the note
 * there names the node in turn. So no program that listens somewhere can talk its way to another node's token.
 */
async function tokenFileFor(api: string, runtime: Runtime | undefined): Promise<string | undefined> {
  if (runtime !== undefined && isListed(api, runtime)) return runtime.tokenFile
  const home = await homeToldBy(api)
  const theirs = home === undefined ? undefined : await readRuntime(home)
  return theirs !== undefined && isListed(api, theirs) ? theirs.tokenFile : undefined
}

/** By port alone, for this machine has several names. */
function isListed(api: string, { api: first, nodes = [] }: Runtime): boolean {
  return [first, ...nodes.map((node) => node.api)].some((each) => new URL(each).port === new URL(api).port)
}

/** Undefined when what answers there is no node of this version. */
async function homeToldBy(api: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${api}/healthz`, { signal: AbortSignal.timeout(HELLO_MS_MAX), redirect: 'error' })
    const { home } = (await answer.json()) as { readonly home?: unknown }
    return typeof home === 'string' ? home : undefined
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
    if (cause?.code === 'ECONNREFUSED') throw notRunningAt(api, error)
    return undefined
  }
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
