/** The uploader and the node outside of the network, each in a process of its own, as the benchmark sees them. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Contact } from '../../src/ports/connection.ts'

/** Whom to send stores, each at so many bytes a second; 0 for as fast as they are answered. Nobody ends the attack. */
export interface Attack {
  readonly targets: readonly Contact[]
  readonly bytesPerSecond: number
}

/** Requests and their bytes since the start. */
export interface AttackCounts {
  readonly taken: number
  readonly takenBytes: number
  readonly refused: number
  readonly refusedBytes: number
}

export async function startOutsider(): Promise<{ readonly contact: Contact; close(): void }> {
  const child = fork(join(import.meta.dirname, 'outsider.ts'))
  const [contact] = (await once(child, 'message')) as [Contact]
  return { contact, close: () => child.disconnect() }
}

export interface Uploader {
  /** In place of the attack before; no targets end it. */
  attack(attack: Attack): Promise<AttackCounts>
  counts(): Promise<AttackCounts>
  close(): void
}

export async function startUploader(): Promise<Uploader> {
  const child = fork(join(import.meta.dirname, 'uploader.ts'))
  await once(child, 'message')
  return {
    attack: (attack: Attack) => ask(child, attack),
    counts: () => ask(child, 'counts'),
    close: () => child.disconnect(),
  }
}

async function ask(child: ChildProcess, question: Attack | 'counts'): Promise<AttackCounts> {
  const answered = once(child, 'message')
  child.send(question)
  const [counts] = (await answered) as [AttackCounts]
  return counts
}
