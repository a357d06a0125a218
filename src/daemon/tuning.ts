/**
 * How a node's process manages memory, so that it stays small for years. V8 lets the room for new objects grow to hundreds of megabytes
 * when it is busy and never takes it back, and glibc keeps what is freed for later: a node that was asked for a few files stayed at 200 MB, and
 * stays at 120 with these, at the same speed. Both are read when a process starts and cannot be changed later.
 */

/** Each half of V8's young generation, in MiB. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=8']

/** For glibc; see mallopt(3). Nothing to other allocators. */
export const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
}

/**
 * Starts this program anew in this very process, with its pid and its streams, unless it has been. Returns where a system or a parent stands
 * in the way: then the node takes more memory, and is right all the same.
 */
export function tuneNode(): void {
  const { argv, channel, execArgv, execPath } = process
  const isTuned = NODE_FLAGS.every((flag) => execArgv.includes(flag))
  if (isTuned || process.platform === 'win32' || channel !== undefined) return
  process.execve?.(execPath, [execPath, ...execArgv, ...NODE_FLAGS, ...argv.slice(1)], { ...ALLOCATOR, ...process.env })
}
