/** What runs until it is told to end: the first signal ends it cleanly, a second one at once. */
import { EXIT } from './exit.ts'

/** Settles at the first SIGINT or SIGTERM. From then on a second ends the process, and `hurry` is aborted just before. */
export async function untilSignal(): Promise<{ readonly hurry: AbortSignal; readonly release: () => void }> {
  const hurry = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  let first: (() => void) | undefined
  const onSignal = (name: NodeJS.Signals): void => {
    if (first !== undefined) {
      first()
      first = undefined
      return
    }
    hurry.abort()
    setImmediate(() => process.exit(name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated))
  }
  for (const name of names) process.on(name, onSignal)
  await new Promise<void>((resolve) => (first = resolve))
  const release = (): void => {
    for (const name of names) process.off(name, onSignal)
  }
  return { hurry: hurry.signal, release }
}
