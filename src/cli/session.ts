/** One command's dealings with a node: found, bounded in time, ended by signals. */
import { performance } from 'node:perf_hooks'
import { NodeClient } from './client.ts'
import { findNode } from './environment.ts'
import { CommandFailure, EXIT } from './exit.ts'

/** Flags of every command that speaks to a node. */
export interface NodeFlags {
  readonly node?: string
  readonly timeout?: number
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Runs `work` with a client; afterwards neither timer nor signal handler is left. */
export async function withNode<T>(
  flags: NodeFlags,
  defaultTimeoutMs: number | undefined,
  work: (client: NodeClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const address = await findNode(flags.node)
  const timeoutMs = flags.timeout ?? defaultTimeoutMs
  const controller = new AbortController()
  const release = abortOnSignals(controller)
  const deadline =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          controller.abort(timedOut(timeoutMs))
        }, timeoutMs)
  const { signal } = controller
  try {
    const times = timeoutMs === undefined ? {} : { deadlineMs: performance.now() + timeoutMs }
    return await work(new NodeClient({ ...address, ...times, signal }), signal)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(deadline)
    release()
  }
}

/** The first signal lets the command clean up, a second ends it at once. */
function abortOnSignals(controller: AbortController): () => void {
  const onInterrupt = (): void => {
    onSignal(EXIT.interrupted, 'interrupted')
  }
  const onTerminate = (): void => {
    onSignal(EXIT.terminated, 'terminated')
  }
  const onSignal = (exitCode: typeof EXIT.interrupted | typeof EXIT.terminated, what: string): void => {
    if (controller.signal.aborted) process.exit(exitCode)
    controller.abort(new CommandFailure(exitCode, what, `${what} by a signal`))
  }
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  return () => {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
  }
}

function timedOut(timeoutMs: number): CommandFailure {
  const message = `not done within ${timeoutMs / 1000} s; give it longer with --timeout, or see \`mainframe status\``
  return new CommandFailure(EXIT.timedOut, 'timed-out', message, { details: { timeoutMs } })
}
