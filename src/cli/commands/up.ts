/** `up`: one node, for as long as it is wanted. */
import { printPuzzle, type IdPuzzle } from '../../crypto/idPuzzle.ts'
import { printContact } from '../../daemon/contactText.ts'
import { PUBLIC_NETWORK, usualPuzzle } from '../../daemon/networks.ts'
import type { Contact } from '../../ports/connection.ts'
import { homeFolder } from '../environment.ts'
import { asStartFailure, EXIT, type ExitCode } from '../exit.ts'
import { print, printJson, say } from '../output.ts'
import { untilSignal } from '../service.ts'

export interface UpFlags {
  readonly dir?: string
  readonly port: number
  readonly listen: { readonly host: string; readonly port: number }
  readonly join: readonly Contact[]
  readonly survive: number
  readonly quota?: number
  readonly grace?: number
  readonly domains?: string
  readonly connections?: number
  readonly dials?: number
  readonly rateUp?: number
  readonly rateDown?: number
  readonly network: string
  readonly puzzle?: IdPuzzle | 'none'
  readonly json?: boolean
}

export async function up(flags: UpFlags): Promise<ExitCode> {
  const home = await homeFolder(flags.dir)
  const puzzle = flags.puzzle === 'none' ? undefined : (flags.puzzle ?? usualPuzzle(flags.network))
  let joining = true
  const { startDaemon } = await import('../../daemon/daemon.ts')
  const daemon = await startDaemon({
    home,
    networkName: flags.network,
    listen: flags.listen,
    apiPort: flags.port,
    survive: flags.survive,
    bootstrap: flags.join,
    ...(flags.quota === undefined ? {} : { quotaBytes: flags.quota }),
    ...(flags.grace === undefined ? {} : { graceMs: flags.grace }),
    ...(flags.domains === undefined ? {} : { domainFile: flags.domains }),
    ...(flags.connections === undefined ? {} : { connectionsMax: flags.connections }),
    ...(flags.dials === undefined ? {} : { dialsPerMinuteMax: flags.dials }),
    rates: {
      ...(flags.rateUp === undefined ? {} : { upBytesPerSecond: flags.rateUp }),
      ...(flags.rateDown === undefined ? {} : { downBytesPerSecond: flags.rateDown }),
    },
    ...(puzzle === undefined ? {} : { puzzle }),
    onRefused: (reason) => {
      if (joining) say(`warning: ${reason}`)
    },
    onGrinding: () => {
      if (flags.json !== true) say('looking for a key that this network accepts: once, for about a second')
    },
  }).catch((error: unknown) => {
    throw asStartFailure(error)
  })
  joining = false
  const contact = printContact(daemon.contact)
  if (flags.json === true) {
    printJson({ type: 'ready', api: daemon.api, home, id: daemon.contact.id, pid: process.pid, contact })
  } else {
    print(`ready: API on ${daemon.api}, home ${home}`)
    print(`others join it with: ${joinCommand(flags, contact)}`)
  }
  const { hurry, release } = await untilSignal()
  if (flags.json !== true) say('stopping; once more to stop at once')
  await daemon.stop(hurry)
  release()
  return EXIT.ok
}

/** With whatever nodes of one network must agree on. */
function joinCommand({ network, puzzle }: UpFlags, contact = ''): string {
  const words = ['mainframe up']
  if (network !== PUBLIC_NETWORK)
    words.push(`--network ${/^[\w.-]+$/.test(network) ? network : JSON.stringify(network)}`)
  if (puzzle !== undefined) words.push(`--puzzle ${puzzle === 'none' ? 'none' : printPuzzle(puzzle)}`)
  return [...words, `--join ${contact}`].join(' ')
}
