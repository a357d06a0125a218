/**
 * The program of a testnet's node that has a process of its own. Its parent sends what the node is to be, hears when it serves, and
 * by closing the channel, on purpose or by dying, ends it.
 */
import { isFailure } from '../base/failure.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { startHere, type NodeSpec } from './testnetNode.ts'
import type { ChildMessage } from './testnetProcess.ts'

/** A stop that hangs must not outlive the testnet. */
const STOP_MS_MAX = 15_000

// A disk that takes nothing more does not take complaints about that either; without this the first would end the node.
process.stderr.on('error', () => undefined)

let starting: Promise<Daemon> | undefined
let stopping = false

process.once('message', (spec: NodeSpec) => {
  void start(spec)
})
process.on('disconnect', () => void stop())
process.on('SIGTERM', () => void stop())
// A terminal's Ctrl-C reaches the whole group; the parent decides what it means.
process.on('SIGINT', () => undefined)

async function start(spec: NodeSpec): Promise<void> {
  try {
    starting = startHere(spec)
    const { contact, api } = await starting
    tell({ type: 'serving', facts: { contact, api, pid: process.pid } })
  } catch (error) {
    const failure = isFailure(error) ? error : undefined
    const message = error instanceof Error ? error.message : String(error)
    tell({ type: 'failed', code: failure?.code ?? 'internal', message, details: failure?.details ?? {} })
    process.exitCode = 1
    process.disconnect()
  }
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref()
  const daemon = await starting?.catch(() => undefined)
  await daemon?.stop()
  if (process.connected) process.disconnect()
}

/** To a parent that may have died. */
function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
