/** One node of a testnet, in this process or in one of its own: what it is told, what it tells, and how it is run here. */
import type { IdPuzzle } from '../crypto/idPuzzle.ts'
import { startDaemon, type Daemon } from '../daemon/daemon.ts'
import type { Coder } from '../ports/coder.ts'
import type { Contact } from '../ports/connection.ts'
import { lyingNetwork } from './lyingNetwork.ts'

/** What a node is to be; plain JSON, since it may travel to another process. */
export interface NodeSpec {
  readonly home: string
  readonly networkName: string
  readonly puzzle?: IdPuzzle
  readonly host: string
  readonly apiPort: number
  readonly tokenFile: string
  readonly survive: number
  readonly graceMs?: number
  readonly quotaBytes?: number
  /** Returns corrupted fragments. */
  readonly lies: boolean
  readonly bootstrap: readonly Contact[]
}

/** What a node tells once it serves. */
export interface NodeFacts {
  readonly contact: Contact
  readonly api: string
  readonly pid: number
}

/** A node that serves, wherever it runs. */
export interface RunningNode {
  readonly facts: NodeFacts
  /** Settles with how it ended; `code` is null for a signal and for a node that was stopped in this process. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Ends it cleanly and waits for its end. */
  stop(): Promise<void>
  /** Ends its process by the signal; a node in this process is stopped without waiting for its responses. */
  kill(signal: NodeJS.Signals): Promise<void>
}

export async function startHere(spec: NodeSpec, coder?: Coder): Promise<Daemon> {
  const { host, bootstrap, lies, ...rest } = spec
  return startDaemon({
    ...rest,
    listen: { host, port: 0 },
    bootstrap,
    ...(coder === undefined ? {} : { coder }),
    ...(lies ? { wrapNetwork: (network) => lyingNetwork(network) } : {}),
  })
}

/** A node among others in this process; `coder` is theirs together. */
export async function startInProcess(spec: NodeSpec, coder: Coder): Promise<RunningNode> {
  const daemon = await startHere(spec, coder)
  let tellEnd: (end: { code: null; signal: null }) => void
  const ended = new Promise<{ code: null; signal: null }>((resolve) => (tellEnd = resolve))
  const end = async (hurry?: AbortSignal): Promise<void> => {
    await daemon.stop(hurry)
    tellEnd({ code: null, signal: null })
  }
  return {
    facts: { contact: daemon.contact, api: daemon.api, pid: process.pid },
    ended,
    stop: () => end(),
    kill: () => end(AbortSignal.abort()),
  }
}
