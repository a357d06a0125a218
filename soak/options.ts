/** What the soak command is told. */
import { parseArgs } from 'node:util'
import { MINUTE } from '../src/base/units.ts'

export const USAGE = `usage: npm run soak -- [options]

  --minutes m   how long load and faults go on; 5 by default
  --nodes n     processes, at least 8; 24 by default
  --seed s      of the faults, sizes and choices; drawn and printed when absent
  --kills k     instead: kill a holder so many times during puts, and look for what it signed for
  --json        the verdict as JSON on standard output, progress on standard error
`

export interface SoakOptions {
  readonly durationMs: number
  readonly nodes: number
  readonly seed: number
  readonly kills: number | undefined
  readonly json: boolean
}

const NODES_MIN = 8
const NODES_MAX = 200

/** Throws a text for whoever typed the arguments. */
export function parsedOptions(args: readonly string[], drawnSeed: number): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      nodes: { type: 'string', default: '24' },
      seed: { type: 'string', default: String(drawnSeed) },
      kills: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const { minutes, nodes, seed, kills, json } = values
  return {
    durationMs: numberIn(minutes, '--minutes', 0.5, 100_000) * MINUTE,
    nodes: wholeIn(nodes, '--nodes', NODES_MIN, NODES_MAX),
    seed: wholeIn(seed, '--seed', 0, 2 ** 32 - 1),
    kills: kills === undefined ? undefined : wholeIn(kills, '--kills', 1, 100_000),
    json,
  }
}

function wholeIn(text: string, flag: string, min: number, max: number): number {
  const value = numberIn(text, flag, min, max)
  if (!Number.isInteger(value)) throw new Error(`${flag} takes a whole number\n\n${USAGE}`)
  return value
}

function numberIn(text: string, flag: string, min: number, max: number): number {
  const value = Number(text)
  if (text !== '' && value >= min && value <= max) return value
  throw new Error(`${flag} takes ${min} .. ${max}, not ${text}\n\n${USAGE}`)
}
