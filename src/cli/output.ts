/** The two streams: stdout for data alone, stderr for everything said about it. */
import { EXIT, type CommandFailure } from './exit.ts'

/** One line of data. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** One line for people, kept out of the data. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

export function printFailure(
  failure: CommandFailure,
  options: { readonly json: boolean; readonly debug: boolean },
): void {
  const { code, message, details } = failure
  if (options.json) {
    say(JSON.stringify({ type: 'error', code, message, details }))
  } else {
    say(`error: ${message} [${code}]`)
    const facts = Object.entries(details).map(([name, value]) => `${name}: ${factText(value)}`)
    if (facts.length > 0) say(`  ${facts.join(', ')}`)
  }
  if (options.debug) say(stackOf(failure))
}

/** A reader that has enough, such as `head`, ends the command quietly; words on stderr that a full disk does not take are lost. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
  process.stderr.on('error', () => undefined)
}

/** Writes to stdout at the pace of whoever reads it. */
export async function pour(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of source) {
    if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}

function factText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
