/**
 * Ends a program with the npm or npx that started it. npm runs programs through a shell; a signal to npm ends that shell, which hands
 * nothing on, and the program would stay behind as an orphan with its ports and locks.
 */

const LOOK_EVERY_MS = 250

/** Under npm, sends this process SIGTERM once its parent is gone. Elsewhere, as under nohup, outliving the parent is the user's wish. */
export function endWithNpm() {
  if (process.env.npm_command === undefined) return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    process.kill(process.pid, 'SIGTERM')
  }, LOOK_EVERY_MS)
  looking.unref()
}
