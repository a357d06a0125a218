/** `down`: ends the node or testnet that runs in the home, cleanly, and waits for its end. */
import { isRunning, readRuntime } from '../../daemon/home.ts'
import { homeFolder } from '../environment.ts'
import { CommandFailure, EXIT, type ExitCode } from '../exit.ts'
import { DOWN_MS_MAX } from '../limits.ts'
import { printJson, say } from '../output.ts'

export interface DownFlags {
  readonly dir?: string
  readonly timeout?: number
  readonly json?: boolean
}

const LOOK_MS = 50

export async function down(flags: DownFlags): Promise<ExitCode> {
  const home = await homeFolder(flags.dir)
  const runtime = await readRuntime(home)
  if (runtime === undefined) {
    throw new CommandFailure(EXIT.notRunning, 'not-running', `no node runs in ${home}`, { details: { home } })
  }
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
