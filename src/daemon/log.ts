/** A node's log: JSON lines in `node.log` of its home, for its operator. Never links, keys, tokens or what is stored. */
import { join } from 'node:path'
import { pino } from 'pino'

export interface Log {
  info(facts: Readonly<Record<string, unknown>>, message: string): void
  error(facts: Readonly<Record<string, unknown>>, message: string): void
  /** Writes what is still held back. */
  close(): void
}

export function openLog(home: string): Log {
  // Written at once: the lines are few, and the last ones before a crash are those wanted.
  const file = pino.destination({ dest: join(home, 'node.log'), sync: true, mode: 0o600 })
  // A full disk costs the lines that it does not take, and never the node.
  file.on('error', () => undefined)
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, file)
  return {
    info: (facts, message) => {
      log.info(facts, message)
    },
    error: (facts, message) => {
      log.error(facts, message)
    },
    close: () => {
      file.end()
    },
  }
}
