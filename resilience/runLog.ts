/**
 * What has been measured on a commit, one line of JSON each in resilience/.runs/, so that a run that was interrupted goes on where it
 * stopped. Only for a commit whose code is the code that runs: measurements of other code must not be taken for its own.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import type { Measurement } from './pool.ts'
import type { Size } from './scenario.ts'

const RUNS = new URL('.runs/', import.meta.url)

/** What names a measurement: its lines by their parameters in words, so that the log can be read. */
export interface Measured {
  readonly scenario: string
  readonly lines: readonly string[]
  readonly seed: number
  readonly size: Size
}

export class RunLog {
  private readonly file: URL
  private readonly known = new Map<string, Measurement>()

  constructor(commit: string, folder: URL = RUNS) {
    mkdirSync(folder, { recursive: true })
    this.file = new URL(`${commit}.jsonl`, folder)
  }

  /** Reads what earlier runs have left. A line that a killed run did not finish is passed over. */
  load(): void {
    if (!existsSync(this.file)) return
    for (const line of readFileSync(this.file, 'utf8').split('\n')) {
      const entry = parsed(line)
      if (entry !== undefined) this.known.set(keyOf(entry), { values: entry.values, cpuMs: entry.cpuMs })
    }
  }

  find(measured: Measured): Measurement | undefined {
    return this.known.get(keyOf(measured))
  }

  append(measured: Measured, measurement: Measurement): void {
    // A newline on both sides: whatever a killed run has left stays on a line of its own.
    appendFileSync(this.file, `\n${JSON.stringify({ ...measured, ...measurement })}\n`)
  }
}

function keyOf({ scenario, lines, seed, size }: Measured): string {
  return JSON.stringify([scenario, lines, seed, size.nodes, size.trials])
}

function parsed(line: string): (Measured & Measurement) | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as Measured & Measurement)
  } catch {
    return undefined
  }
}
