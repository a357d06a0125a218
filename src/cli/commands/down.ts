/** `down`: ends the node or testnet that runs in the home, cleanly, and waits for its end. */
import { isRunning, readRuntime } from '../../daemon/home.ts'
import { homeFolder } from '../environment.ts'
import { CommandFailure, EXIT, type ExitCode } from '../exit.ts'
import { DOWN_MS_MAX } from '../limits.ts'
import type { HandedOver } from '../../storage/handOver.ts'
import { printJson, say } from '../output.ts'
import { withNode } from '../session.ts'

export interface DownFlags {
  readonly dir?: string
  readonly timeout?: number
  readonly handOver?: boolean
  readonly json?: boolean
}

const LOOK_MS = 50

export async function down(flags: DownFlags): Promise<ExitCode> {
  const home = await homeFolder(flags.dir)
  const runtime = await readRuntime(home)
  if (runtime === undefined) {
    throw new CommandFailure(EXIT.notRunning, 'not-running', `no node runs in ${home}`, { details: { home } })
  }
  if (flags.handOver === true) await handOver(flags)
  process.kill(runtime.pid, 'SIGTERM')
  const timeoutMs = flags.timeout ?? DOWN_MS_MAX
  const endMs = performance.now() + timeoutMs
  while (isRunning(runtime.pid)) {
    if (performance.now() > endMs) {
      const message = `process ${runtime.pid} did not end within ${timeoutMs / 1000} s; see node.log in ${home}`
      throw new CommandFailure(EXIT.timedOut, 'timed-out', message)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  if (flags.json === true) printJson({ type: 'stopped', pid: runtime.pid, home })
  else say(`stopped process ${runtime.pid}`)
  return EXIT.ok
}

/** Of the first node, where the home is a testnet's. Takes as long as it takes. */
async function handOver(flags: DownFlags): Promise<void> {
  if (flags.json !== true) say('handing what this node keeps to others; interrupt to leave things as they are')
  const answered = await withNode({}, undefined, (client) => client.change<HandedOver>('/api/v1/storage/hand-over'))
  const left = answered.left === 0 ? '' : `; ${answered.left} found nobody and will be rebuilt by the network`
  if (flags.json === true) printJson({ type: 'handed-over', ...answered })
  else say(`others keep ${answered.fragments} fragments now${left}`)
}
