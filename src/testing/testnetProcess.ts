/** A testnet's node in a process of its own, as its parent sees it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, isFailureCode } from '../base/failure.ts'
import { ALLOCATOR, NODE_FLAGS } from '../daemon/tuning.ts'
import type { NodeFacts, NodeSpec, RunningNode } from './testnetNode.ts'

export type ChildMessage =
  | { readonly type: 'serving'; readonly facts: NodeFacts }
  | {
      readonly type: 'failed'
      readonly code: string
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

/** Beside this file, with its extension: `.ts` in development, `.js` once built. */
const CHILD_FILE = fileURLToPath(new URL(`testnetChild${extname(import.meta.url)}`, import.meta.url))

/** A machine that starts dozens of nodes at once gives each its turn within this. */
const START_MS_MAX = 60_000
/** Longer than a node itself takes at most; then it is killed. */
const STOP_MS_MAX = 20_000

/** Rejects with the node's own failure when it cannot start; then its process has ended. */
export async function startProcess(spec: NodeSpec): Promise<RunningNode> {
  const child = spawnChild(spec.home)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
    child.once('error', () => {
      resolve({ code: 1, signal: null })
    })
  })
  child.send(spec, () => undefined)
  try {
    const facts = await whenServing(child, spec.home)
    return {
      facts,
      ended,
      stop: () => end(child, ended, 'SIGTERM'),
      kill: (signal) => end(child, ended, signal),
    }
  } catch (error) {
    await end(child, ended, 'SIGKILL')
    throw error
  }
}

/** What the node says outside of its log, such as the stack of a crash, goes to a file beside it. */
function spawnChild(home: string): ChildProcess {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const stderr = openSync(join(home, 'stderr.log'), 'a', 0o600)
  try {
    return spawn(process.execPath, [...NODE_FLAGS, CHILD_FILE], {
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
      env: { ...process.env, ...ALLOCATOR },
    })
  } finally {
    closeSync(stderr)
  }
}

function whenServing(child: ChildProcess, home: string): Promise<NodeFacts> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Failure('timed-out', `the node in ${home} did not start within ${START_MS_MAX / 1000} s`))
    }, START_MS_MAX)
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer)
      const how = signal ?? `exit ${code ?? 'unknown'}`
      reject(new Failure('closed', `the node in ${home} ended before it served (${how}); see its stderr.log`))
    }
    child.once('exit', onExit)
    child.once('error', reject)
    child.once('message', (message: ChildMessage) => {
      clearTimeout(timer)
      child.off('exit', onExit)
      if (message.type === 'serving') resolve(message.facts)
      else reject(failureOf(message))
    })
  })
}

function failureOf({ code, message, details }: Extract<ChildMessage, { type: 'failed' }>): Error {
  return isFailureCode(code) ? new Failure(code, message, { details }) : new Error(message)
}

async function end(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await ended
  clearTimeout(timer)
}
