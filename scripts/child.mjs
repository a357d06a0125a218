/** Running a program in place of this one: its streams, its signals and its exit are ours. */
import { spawn } from 'node:child_process'

/** @type {readonly NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs `file`, hands every signal on, and ends as it ends: same exit code, or same signal.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string }} [options]
 * @returns {void}
 */
export function become(file, args, options = {}) {
  const child = spawn(file, args, { stdio: 'inherit', ...options })
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (!terminalSends(signal)) child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  child.on('error', (error) => {
    process.stderr.write(`mainframe: cannot run ${file}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    for (const name of FORWARDED) process.off(name, forward)
    if (signal === null) process.exit(code ?? 1)
    else process.kill(process.pid, signal)
  })
}

/**
 * A terminal gives Ctrl-C to the whole foreground group: handed on as well, the child would take it
 * for a second, impatient one.
 *
 * @param {NodeJS.Signals} signal
 */
function terminalSends(signal) {
  return signal === 'SIGINT' && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY)
}
