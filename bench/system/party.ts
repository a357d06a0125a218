/** A process of another system, holder or reader, and what it is asked. The other end is bench/peers/holding.mjs. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { present } from '../../src/base/assert.ts'
import { cpuSecondsOf } from './processTime.ts'

interface Role {
  readonly role: 'holder' | 'reader'
  /** An empty folder for its store. */
  readonly dir: string
  /** Of the holder, where this is its reader. */
  readonly contact?: unknown
}

interface Answer {
  readonly result?: unknown
  readonly error?: string
}

/** An answer that takes longer is none. */
const ANSWER_MS_MAX = 600_000

export class Party implements AsyncDisposable {
  readonly contact: unknown
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, contact: unknown) {
    this.child = child
    this.contact = contact
  }

  /** Rejects with what kept it from starting. */
  static async start(peer: string, role: Role): Promise<Party> {
    const child = fork(fileURLToPath(new URL(`../peers/${peer}.mjs`, import.meta.url)), {
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    try {
      return new Party(child, await request(child, role))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  async ask<T>(question: Readonly<Record<string, unknown>>): Promise<T> {
    return (await request(this.child, question)) as T
  }

  cpuSeconds(): number {
    return cpuSecondsOf([present(this.child.pid, 'it runs')])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }
}

/** Settles with the answer, with its error, or when the process ends without one. */
async function request(child: ChildProcess, question: object): Promise<unknown> {
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(ANSWER_MS_MAX)])
  const answered = once(child, 'message', { signal }) as Promise<[Answer]>
  const ended = once(child, 'exit', { signal }).then(([code]): [Answer] => [{ error: `it ended with ${String(code)}` }])
  ended.catch(() => undefined)
  answered.catch(() => undefined)
  try {
    child.send(question)
    const [{ result, error }] = await Promise.race([answered, ended])
    if (error !== undefined) throw new Error(`${String(child.spawnargs.at(-1))}: ${error}`)
    return result
  } finally {
    done.abort()
  }
}
