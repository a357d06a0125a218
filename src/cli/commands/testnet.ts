/** `testnet`: a network of many nodes on this machine, for as long as it is wanted. */
import type { IdPuzzle } from '../../crypto/idPuzzle.ts'
import type { Testnet } from '../../testing/testnet.ts'
import { homeFolder } from '../environment.ts'
import { asStartFailure, EXIT, usage, type ExitCode } from '../exit.ts'
import { print, printJson, say } from '../output.ts'
import { untilSignal } from '../service.ts'

export interface TestnetFlags {
  readonly nodes: number
  readonly processes?: boolean
  readonly dir?: string
  readonly port: number
  readonly survive: number
  readonly liars: number
  readonly grace?: number
  readonly puzzle: IdPuzzle | 'none'
  readonly json?: boolean
}

export async function testnet(flags: TestnetFlags): Promise<ExitCode> {
  if (flags.liars > flags.nodes) throw usage('--liars is at most --nodes')
  const home = await homeFolder(flags.dir)
  const { startTestnet, factsOf } = await import('../../testing/testnet.ts')
  const running = await startTestnet({
    nodes: flags.nodes,
    dir: home,
    processes: flags.processes === true,
    port: flags.port,
    survive: flags.survive,
    liars: flags.liars,
    ...(flags.grace === undefined ? {} : { graceMs: flags.grace }),
    ...(flags.puzzle === 'none' ? {} : { puzzle: flags.puzzle }),
    onExit: (exit) => {
      if (flags.json === true) printJson({ type: 'exit', ...exit })
      else say(`node ${exit.index} (process ${exit.pid}) ended: ${exit.signal ?? `exit ${exit.code ?? 'unknown'}`}`)
    },
    onWarning: (text) => {
      say(`warning: ${text}`)
    },
  }).catch((error: unknown) => {
    throw asStartFailure(error)
  })
  if (flags.json === true) printJson({ type: 'ready', api: running.api, home, nodes: running.nodes.map(factsOf) })
  else for (const line of readyLines(running, flags)) print(line)
  const { release } = await untilSignal()
  if (flags.json !== true) say('stopping all nodes; once more to stop at once')
  await running.stop()
  release()
  return EXIT.ok
}

function readyLines({ api, home, nodes }: Testnet, { dir }: TestnetFlags): readonly string[] {
  const elsewhere = dir === undefined ? '' : `MAINFRAME_HOME=${home} `
  return [
    `ready: ${nodes.length} nodes, API on ${api.replace('127.0.0.1', 'localhost')}, state in ${home}`,
    `  ${elsewhere}npx mainframe put README.md`,
    `  ${elsewhere}npx mainframe get LINK`,
  ]
}
